"""Texts of RingRuns that have faults, and those faults."""

import pytest

from ringrun.spec import Override, SpecError, parse_run

HEAD = """\
apiVersion: ringrun.dev/v1alpha1
kind: RingRun
metadata:
  name: demo
spec:
"""
"""What stands before a spec; its first line is line 6 of the file."""


def faults(text: str, *overrides: Override) -> list[str]:
    """The faults of a text called bad.yaml; fails if it has none."""
    with pytest.raises(SpecError) as caught:
        parse_run(text, "bad.yaml", overrides)
    return list(caught.value.faults)
