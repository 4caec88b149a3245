"""Which parts of the library may know of which: design by layers, from the networks up to the hub modules."""

import ast
from pathlib import Path

import pytest

import paddle_cv

PACKAGE = Path(paddle_cv.__file__).parent
ABOVE = {
    "models": set(),
    "pictures": {"files"},
    "data": {"downloads", "files", "models", "pictures"},
    "metrics": {"data"},
    "weights": {"downloads", "files", "models"},
    "engines": {"downloads", "models", "private", "version"},
    "inference": {"data", "engines", "files", "metrics", "models", "pictures", "weights"},
    "training": {"data", "files", "inference", "metrics", "models", "private", "weights"},
    "analysis": {"loading", "data", "inference", "metrics", "models", "pictures", "private"},
    "demo": {"loading", "data", "inference", "models", "pictures", "weights"},
    "hub": {"api", "demo", "inference", "models", "pictures", "version", "weights"},
    "cli": {
        "analysis",
        "api",
        "data",
        "demo",
        "engines",
        "files",
        "hub",
        "inference",
        "loading",
        "metrics",
        "models",
        "pictures",
        "requirements",
        "training",
        "version",
        "weights",
    },
}


def imported(part: str) -> set[str]:
    """The parts of the library that the files of one import."""
    found = set()
    for path in (PACKAGE / part).rglob("*.py"):
        package = path.relative_to(PACKAGE.parent).parts[:-1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                target = [*package[: len(package) - node.level + 1], *filter(None, (node.module or "").split("."))]
                found |= {target[1]} if len(target) > 1 else {alias.name for alias in node.names}
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
                found |= {name.split(".")[1] for name in names if name.startswith("paddle_cv.")}
    return found & {path.stem for path in PACKAGE.iterdir()} - {part, "__init__"}


@pytest.mark.parametrize("part", ABOVE)
def test_imports_go_one_way(part):
    assert imported(part) <= ABOVE[part]


def test_every_part_is_in_the_table():
    parts = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert parts - {"hub_modules"} == set(ABOVE)
