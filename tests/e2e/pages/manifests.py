"""The manifests of pages and samples, each with the place where it stands. Applies nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from page_blocks import PAGES, ROOT, blocks_of

SAMPLES = sorted([*(ROOT / "samples").rglob("*.yaml"), *(ROOT / "deploy/samples").rglob("*.yaml")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One object that a page shows, and where."""

    place: str
    document: dict[str, Any]

    @property
    def kind(self) -> str:
        kind: str = self.document["kind"]
        return kind

    def __str__(self) -> str:
        return f"{self.place} {self.kind}"


def manifests() -> list[Manifest]:
    """All of them: the ```yaml blocks that have apiVersion and kind, and the samples' files."""
    return list(_all())


def _all() -> Iterator[Manifest]:
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for block in blocks_of(page.read_text(encoding="utf-8"), name):
            if block.info == "yaml":
                yield from _of("\n".join(block.lines), f"{name}:{block.line}")
    for path in SAMPLES:
        yield from _of(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))


def _of(text: str, place: str) -> Iterator[Manifest]:
    for document in yaml.safe_load_all(text):
        if isinstance(document, dict) and {"apiVersion", "kind"} <= set(document):
            yield Manifest(place=place, document=document)
