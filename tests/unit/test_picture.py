"""The README's picture: made by its script, and to be seen on any page."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PICTURE = (DOCS / "ring.svg").read_text()
# GitHub's pages, light and dark.
PAGES = ("#ffffff", "#0d1117")


def luminance(colour: str) -> float:
    """As WCAG 2 defines it, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_it_is_what_its_script_prints() -> None:
    """Whoever changes one makes the other anew."""
    made = subprocess.run(
        [sys.executable, str(DOCS / "ring.py")], capture_output=True, text=True, check=True
    )
    assert made.stdout == PICTURE


@pytest.mark.parametrize("page", PAGES)
def test_every_colour_stands_out(page: str) -> None:
    """Nothing but these colours is in it; 3 is what WCAG asks of large text and of drawings."""
    colours = set(re.findall(r'"(#[0-9a-f]{6})"', PICTURE))
    assert len(colours) == 4
    assert {
        colour: contrast(colour, page) for colour in colours if contrast(colour, page) < 3.8
    } == {}
    assert 'fill="none"' in PICTURE
    assert "<style" not in PICTURE


def test_no_text_leaves_the_picture() -> None:
    """Not even in a wide font: 7.5 a letter at size 14."""
    root = ET.fromstring(PICTURE)
    width = float(root.attrib["viewBox"].split()[2])
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        length = 7.5 * len(text.text or "")
        start = float(text.attrib["x"]) - (length / 2 if "text-anchor" in text.attrib else 0)
        assert start >= 0
        assert start + length <= width, text.text
