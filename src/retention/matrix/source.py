"""The matrix's text: YAML 1.2 with a line for every value, and every way in which a file can be unreadable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.model import Place

Step = str | int
Path_ = tuple[Step, ...]
_TAG = "tag:yaml.org,2002:"


@dataclass
class Source:
    """A matrix's file as plain data, with the line of every key and value, and the places left empty."""

    file: str
    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    empty: set[Path_] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def place(self, *path: Step) -> Place:
        """Return where a value is written, or the nearest one around it that is."""
        for length in range(len(path), -1, -1):
            line = self.lines.get(tuple(path[:length]))
            if line is not None:
                return Place(self.file, line)
        return Place(self.file, 1)


def read(path: Path) -> Source:
    """Read a matrix's file; what is wrong with it is in ``findings``."""
    source = Source(str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        source.findings.append(finding("RET001", f"{path}:1", f"the file can't be read ({error.strerror})"))
        return source
    except UnicodeDecodeError:
        source.findings.append(finding("RET001", f"{path}:1", "the file is not UTF-8"))
        return source
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        source.findings.append(finding("RET002", f"{path}:{line}", f"this is no YAML: {error.problem}"))
        return source
    except YAMLError:
        source.findings.append(finding("RET002", f"{path}:1", "this is no YAML"))
        return source
    if not isinstance(node, MappingNode):
        source.findings.append(finding("RET002", f"{path}:1", "the file holds no mapping of keys"))
        return source
    source.data = _value(source, node, ())
    return source


def _value(source: Source, node: Node, path: Path_) -> Any:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return dict(_items(source, node, path))
    if isinstance(node, SequenceNode):
        return [_value(source, one, (*path, number)) for number, one in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    return _scalar(source, node, path)


def _items(source: Source, node: MappingNode, path: Path_) -> Iterator[tuple[str, Any]]:
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in seen:
            what = f"the key {key} stands here twice, first on line {seen[key]}"
            source.findings.append(finding("RET006", f"{source.file}:{line}", what))
            continue
        seen[key] = line
        source.lines[(*path, key)] = line
        yield key, _value(source, value_node, (*path, key))


def _scalar(source: Source, node: ScalarNode, path: Path_) -> Any:
    text, kind = node.value, str(node.tag or "").removeprefix(_TAG)
    try:
        if kind == "null":
            if text == "":
                source.empty.add(path)
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)
        if kind == "float":
            return float(text)
        if kind == "timestamp":
            return date.fromisoformat(text)
    except ValueError:
        return text
    return text
