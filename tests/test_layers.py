"""The house rules that a syntax tree can show: imports point one way, rooms keep to themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ["ontology", "kg", "gnn", "commerce", "api"]
"""Each room may import those before it."""

FILES = sorted(path for room in ORDER for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, f"{node.module}"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    above = ORDER[ORDER.index(room) + 1 :]
    upward = [f"line {line}: {name}" for line, name in imports(path) if name.split(".")[0] in above]
    assert not upward


@pytest.mark.parametrize("path", [p for p in FILES if named(p).startswith("kg/")], ids=named)
def test_kg_never_imports_torch(path: Path) -> None:
    assert not [name for _, name in imports(path) if name.startswith("torch")]


@pytest.mark.parametrize("path", [p for p in FILES if named(p).startswith("gnn/")], ids=named)
def test_gnn_never_opens_a_store(path: Path) -> None:
    assert not [name for _, name in imports(path) if name.startswith("kg.store")]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_settings_and_cli_read_the_environment(path: Path) -> None:
    if path.stem in {"settings", "cli", "cli_support"}:
        return
    found = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("os", "environ"), ("os", "getenv"), ("sys", "argv")}
    ]
    assert not found


@pytest.mark.parametrize("package", ["kg", "gnn", "commerce", "api"])
def test_what_a_package_exports_exists(package: str) -> None:
    module = __import__(package)
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert not missing


def test_import_cycles_are_absent() -> None:
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
    }
    edges = {
        name: {other for _, other in imports(path) if other in names and other != name}
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for other in sorted(edges[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(edges):
        visit(name, ())
