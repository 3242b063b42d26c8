"""YAML text as plain mappings and the line of every part; used by `reading` alone.

The text is composed into nodes, not loaded: nodes know their lines, keep keys that are given twice,
and never make anything but plain values. Of several objects, in documents or in a List, the one
RingRun is read. Faults of the text as a whole (no YAML, two RingRuns) are raised at once, since
nothing after them could be trusted; the others are returned, to be reported with the rest.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from ringrun.spec.faults import Fault, Path, SpecError, shown
from ringrun.spec.fields import KIND

# Aliases make a short text a huge tree; no RingRun has so many values.
_MOST_VALUES: Final = 10_000
# Nor does an affinity, the deepest thing in it, come near this.
_DEEPEST: Final = 50
_MERGE: Final = "tag:yaml.org,2002:merge"


def read_text(
    text: str, source: str, *, may_be_empty: bool = False
) -> tuple[Any, dict[Path, int], list[Fault]]:
    """The one RingRun of a text, the line of each path in it, and what is wrong so far. With
    `may_be_empty` it is any one document, or none."""
    reader = _Reader(source=source)
    nodes = _documents(text, source)
    if may_be_empty and not nodes:
        return {}, reader.lines, reader.faults
    node = _one_document(nodes, source) if may_be_empty else _one_run(nodes, source)
    return reader.value(node, ()), reader.lines, reader.faults


def _documents(text: str, source: str) -> list[yaml.Node]:
    """What the text holds, one by one; a List is what is in it."""
    try:
        nodes = [node for node in yaml.compose_all(text, yaml.SafeLoader) if not _empty(node)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = " ".join((error.problem or error.context or "unreadable").split())
        raise SpecError([f"{source}{line}: is not YAML: {problem}"]) from error
    except yaml.reader.ReaderError as error:
        line = f":{text[: error.position].count(chr(10)) + 1}"
        raise SpecError([f"{source}{line}: is not YAML: {error.reason}"]) from error
    except RecursionError as error:
        raise SpecError([f"{source}: must be at most {_DEEPEST} levels deep"]) from error
    found: list[yaml.Node] = []
    for node in nodes:
        items = _field(node, "items")
        is_list = _text_of(_field(node, "kind")) in {"List", f"{KIND}List"}
        if is_list and isinstance(items, yaml.SequenceNode):
            found += (item for item in items.value if not _empty(item))
        else:
            found.append(node)
    return found


def _one_document(nodes: list[yaml.Node], source: str) -> yaml.Node:
    if len(nodes) > 1:
        second = nodes[1].start_mark.line + 1
        raise SpecError([f"{source}:{second}: must hold one document, got {len(nodes)}"])
    return nodes[0]


def _one_run(nodes: list[yaml.Node], source: str) -> yaml.Node:
    """The one RingRun among other objects, which are none of ours; what is alone need not say that
    it is one."""
    if not nodes:
        raise SpecError([f"{source}: is empty; give one {KIND}"])
    if len(nodes) == 1:
        return nodes[0]
    kinds = [_text_of(_field(node, "kind")) for node in nodes]
    runs = [node for node, kind in zip(nodes, kinds, strict=True) if kind == KIND]
    if not runs:
        others = ", ".join(dict.fromkeys(kind or "no kind" for kind in kinds))
        raise SpecError([f"{source}: must hold one {KIND}, got {len(nodes)} objects: {others}"])
    if len(runs) > 1:
        told = ", ".join(f"{_name(node)} (line {node.start_mark.line + 1})" for node in runs)
        line = runs[1].start_mark.line + 1
        raise SpecError([f"{source}:{line}: must hold one {KIND}, got {len(runs)}: {told}"])
    return runs[0]


def _field(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if _text_of(name) == key), None)


def _text_of(node: yaml.Node | None) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _name(node: yaml.Node) -> str:
    metadata = _field(node, "metadata")
    name = _text_of(_field(metadata, "name")) or _text_of(_field(metadata, "generateName"))
    return name or "without a name"


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


@dataclass(slots=True, kw_only=True)
class _Reader:
    source: str
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    values: int = 0
    merging: list[yaml.Node] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise SpecError([f"{self.source}: must hold at most {_MOST_VALUES} values"])
        if len(path) > _DEEPEST:
            raise SpecError([f"{self.source}: must be at most {_DEEPEST} levels deep"])
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, str(at))) for at, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        # In the order of the text, as kubectl has it: of a key and a `<<`, the later one wins.
        mapping: dict[str, Any] = {}
        given: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                mapping.update(self._merged(value_node, path, line))
                continue
            key = self._key(key_node, path)
            inner = (*path, key)
            if key in given:
                name = ".".join(inner)
                # Placed by its own path, so that it stands at the second line, not at the first.
                twice = (*inner, "(again)")
                self.lines[twice] = line
                fault = f"{name} is given twice, first in line {given[key]}"
                self.faults.append((twice, fault))
                continue
            given[key] = self.lines[inner] = line
            mapping[key] = self.value(value_node, inner)
        return mapping

    def _merged(self, node: yaml.Node, path: Path, line: int) -> dict[str, Any]:
        """What `<<: *other` and `<<: [*one, *two]` bring in; of several, the first wins."""
        merged: dict[str, Any] = {}
        listed = isinstance(node, yaml.SequenceNode)
        for other in reversed(node.value) if listed else [node]:
            if not isinstance(other, yaml.MappingNode) or other in self.merging:
                place = (*path, "<<")
                self.lines[place] = line
                fault = f"{'.'.join(place)} must be a mapping, or a list of mappings"
                self.faults.append((place, fault))
                continue
            self.merging.append(other)
            merged.update(self._mapping(other, path))
            self.merging.pop()
        return merged

    def _key(self, node: yaml.Node, path: Path) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.faults.append((path, f"{'.'.join(path) or KIND} has a key that is no text"))
        return "?"

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            name = ".".join(path) or KIND
            self.faults.append((path, f"{name} cannot be read, got {shown(str(node.value))}"))
            return None
        finally:
            loader.dispose()
