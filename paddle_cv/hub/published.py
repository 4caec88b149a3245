"""Modules of networks whose weights somebody publishes: nothing but a name differs, so they are written when they are installed."""

from __future__ import annotations

from pathlib import Path
from string import Template

from ..models import ModelSpec, list_models, model_spec
from .base import NetworkModule, module_base

__all__ = ["module_source", "published_modules", "write_module"]

_SOURCE = Template('''\
"""PaddleHub module: $does by the network $model."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import $base


@moduleinfo(
    name="$name",
    version="1.0.0",
    type="$category",
    author="paddle_cv",
    author_email="",
    summary="$summary by the network $model.",
)
class $class_name($base):
    model = "$model"
''')


def published_modules() -> dict[str, ModelSpec]:
    """The networks of these modules, by the modules' names."""
    specs = map(model_spec, list_models(pretrained=True))
    return {
        spec.module_name: spec
        for spec in specs
        if spec.published and not spec.hub_module and module_base.get(spec.task)
    }


def module_source(spec: ModelSpec) -> str:
    """The `module.py` for a network, as PaddleHub reads it: `moduleinfo` takes literal values only."""
    base: type[NetworkModule] | None = module_base.get(spec.task)
    if base is None:
        raise ValueError(f"{spec.name} is a network for {spec.task}, of which there are no modules")
    does = base.does(spec)
    return _SOURCE.substitute(
        name=spec.module_name,
        class_name="".join(part.capitalize() for part in spec.module_name.split("_")),
        base=base.__name__,
        model=spec.name,
        category=base.category,
        does=does,
        summary=does[:1].upper() + does[1:],
    )


def write_module(spec: ModelSpec, folder: Path) -> Path:
    """Makes a folder for a network's module, named after it, in another; gives its path.

    Raises:
        ValueError: There are no modules for what the network does.
    """
    source = module_source(spec)
    module = folder / spec.module_name
    module.mkdir(parents=True, exist_ok=True)
    (module / "__init__.py").touch()
    (module / "module.py").write_text(source, encoding="utf-8")
    return module
