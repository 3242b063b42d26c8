"""Why a run does not get on, in a word."""

import re
from pathlib import Path

import pytest

from ringrun_operator.objects.trouble import Trouble

PAGE = Path(__file__).parents[4] / "docs" / "kubernetes.md"


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_is_explained(trouble: Trouble) -> None:
    """Whoever finds it under REASON finds a row for it, and what to do."""
    _, _, table = PAGE.read_text().partition("| reason | means |")
    explained = re.findall(r"^\| ([A-Za-z, ]+) \|", table, re.MULTILINE)
    assert trouble in ", ".join(explained).split(", ")
