"""Which parts of the library may know of which: design by layers, from the networks up to the hub modules."""

import ast
import functools
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import paddle_cv
from paddle_cv.models import list_models, model_spec

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


#: The same of the files beside these folders.
FILES = {
    "__init__": {"api", "loading", "mkl", "models", "quiet", "requirements", "version"},
    "__main__": {"cli"},
    "api": {"models", "weights"},
    "downloads": {"files", "version"},
    "files": set(),
    "loading": {"api", "inference", "models", "starts"},
    "mkl": set(),
    "private": set(),
    "quiet": {"private"},
    "requirements": set(),
    "starts": {"api", "engines", "files", "models", "requirements", "version", "weights"},
    "version": set(),
}
#: Where `import paddle_cv` finds what it gives.
GIVEN = {"api", "loading", "models"}


def imported(part: str) -> set[str]:
    """The parts of the library that the files of one import, or name in strings as modules are named."""
    found = set()
    files = (PACKAGE / part).rglob("*.py") if (PACKAGE / part).is_dir() else [PACKAGE / f"{part}.py"]
    for path in files:
        package = path.relative_to(PACKAGE.parent).parts[:-1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                target = [*package[: len(package) - node.level + 1], *filter(None, (node.module or "").split("."))]
                found |= {target[1]} if len(target) > 1 else {alias.name for alias in node.names}
                continue
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(NAMED, node.value):
                names = [node.value]
            for name in names:
                if name == "paddle_cv":
                    found |= GIVEN
                elif name.startswith("paddle_cv."):
                    found.add(name.split(".")[1])
    return found & {path.stem for path in PACKAGE.iterdir()} - {part, "__init__"}


NAMED = r"paddle_cv(\.\w+)+"


@pytest.mark.parametrize("part", [*ABOVE, *FILES])
def test_imports_go_one_way(part):
    assert imported(part) <= {**ABOVE, **FILES}[part]


def test_no_way_leads_back():
    TopologicalSorter({**ABOVE, **FILES}).prepare()


def test_every_part_is_in_the_table():
    parts = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert parts - {"hub_modules"} == set(ABOVE)
    assert {path.stem for path in PACKAGE.glob("*.py")} == set(FILES)


#: Files that speak of tasks and do not have their names.
ALLOWED = {
    # Names that users import.
    "analysis/__init__.py": {"classification", "denoising", "super_resolution"},
    "data/__init__.py": {"denoising", "super_resolution"},
    "hub/__init__.py": {"classification", "denoising", "restoration", "segmentation", "super_resolution"},
    "inference/__init__.py": {"classification", "restoration"},
    "metrics/__init__.py": {"denoising", "super_resolution"},
    "metrics/image.py": {"denoising", "super_resolution"},
    # Parts of one task's files.
    "data/srmd.py": {"super_resolution"},
    "hub/animals.py": {"classification"},
    "hub/fine_tuning.py": {"classification"},
    "training/tasks/adversarial.py": {"denoising", "restoration", "super_resolution"},
    # A package, and a folder in an archive, of others.
    "pictures/foreground.py": {"matting"},
    "data/sources.py": {"segmentation"},
    # Classifiers are their backbones.
    "models/segmentation/deeplabv3.py": {"classification"},
    "models/segmentation/deeplabv3_plus.py": {"classification"},
    "models/segmentation/modnet.py": {"classification"},
}


@functools.cache
def tasks() -> dict[str, set[str]]:
    """For each folder of `models` its name and the tasks of its networks; discriminators belong to a way of training."""
    found: dict[str, set[str]] = {}
    for name in list_models():
        spec = model_spec(name)
        folder = spec.network.__module__.split(".")[2]
        found.setdefault(folder, {folder}).update(type(spec).tasks())
    return found


def squeezed(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def spoken(source: str) -> set[str]:
    """Tasks and their folders whose names are parts of identifiers, or of strings that are no sentences."""
    said: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not re.search(r"\s", node.value):
            said.add(node.value)
        for field in ("id", "attr", "name", "module", "arg"):
            said.add(str(getattr(node, field, "")))
    text = " ".join(map(squeezed, said))
    return {task for task in set().union(*tasks().values()) if squeezed(task) in text}


def own(path: Path) -> set[str]:
    """What a file of a task may speak of: its name says which."""
    place = squeezed(path.relative_to(PACKAGE).with_suffix("").as_posix())
    return set().union(*(names for names in tasks().values() if any(squeezed(name) in place for name in names)))


def test_only_the_files_of_a_task_speak_of_it():
    """Whatever else depends on the task is declared there: a new one is added without a change of what is there."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith("hub_modules"):
            continue
        foreign = spoken(path.read_text(encoding="utf-8")) - own(path) - ALLOWED.get(name, set())
        assert not foreign, f"{name} speaks of {', '.join(sorted(foreign))}"


@pytest.mark.parametrize(
    "source, task",
    [
        ("if spec.task == 'denoising': pass", "denoising"),
        ("from ..inference import ClassificationPredictor", "classification"),
        ("is_super_resolution = 1", "super_resolution"),
        ("import a.matting as b", "matting"),
        ("def f(segmentation=None): pass", "segmentation"),
        ("text = 'Super-resolution networks'", None),
    ],
)
def test_names_of_tasks_are_found(source, task):
    assert spoken(source) == ({task} if task else set())
