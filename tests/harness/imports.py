"""Which module of a folder imports which, read from the code without running it."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

Graph = dict[str, set[str]]


def import_graph(root: Path, *packages: str) -> Graph:
    """Return for each module of `packages`, which lie in `root`, those of them that it imports.

    An import within a function counts as well: the module needs the other one all the same.
    """
    files = {name_of(path.relative_to(root)): path for one in packages for path in (root / one).rglob("*.py")}
    return {name: set(imported_by(name, path, set(files))) - {name} for name, path in files.items()}


def name_of(path: Path) -> str:
    """Return the name by which the module in a file is imported."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(name: str, path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules among `known` that the module in a file imports."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                # What is imported from a package is a module of it, or else a name in the package itself.
                whole = f"{origin}.{alias.name}"
                yield from (one for one in [whole if whole in known else origin] if one in known)


def floors(graph: Mapping[str, set[str]]) -> dict[str, int]:
    """Return on which floor each module stands: one above the highest that it imports, the lowest on 1.

    Raises graphlib.CycleError when modules import each other in a circle.
    """
    found: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        found[name] = 1 + max((found[one] for one in graph.get(name, ())), default=0)
    return found


def between_parts(graph: Mapping[str, set[str]], depth: int) -> Graph:
    """Return which parts import which; a part has the modules whose names share `depth` words."""

    def part(name: str) -> str:
        return ".".join(name.split(".")[:depth])

    found: Graph = {part(name): set() for name in graph}
    for name, imported in graph.items():
        found[part(name)] |= {part(one) for one in imported} - {part(name)}
    return found
