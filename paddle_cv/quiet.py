"""Keeps from users what Paddle says to its own developers.

Importing Paddle asks for ccache, announces that setuptools replaces distutils and warns of a number of threads that this
library sets on purpose; its executors then note that they run. None of it is news for somebody who enlarges a photograph.
Each filter names one message: what is not known here is shown.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import sys
import warnings
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["keep_quiet"]

#: Warnings, by the beginning of their message, and the modules that give them.
_WARNINGS = {
    "No ccache found": "paddle",
    "Setuptools is replacing distutils": "_distutils_hack",
    # Batch normalisation in train mode, which tracks them as everybody expects.
    "When training, we now always track global mean and variance": "paddle",
    # Networks that ask for `x.place` while a graph is made.
    "Tensor do not have 'place' interface for pir graph mode": "paddle",
}
#: What `import paddle` prints where OMP_NUM_THREADS is more than 1. Several threads are what CPUs train fastest with.
_PRINTED = re.compile(r"^(WARNING: OMP_NUM_THREADS set to \d+|PLEASE USE OMP_NUM_THREADS WISELY)")


def keep_quiet() -> None:
    """For this process; best before paddle is imported. `GLOG_minloglevel`, `-W` and `PYTHONWARNINGS` have the last word."""
    if "GLOG_minloglevel" not in os.environ:
        os.environ["GLOG_minloglevel"] = "2"  # errors of its C++ part, but not its notes
        if "paddle" in sys.modules:  # as PaddleHub has imported it, or a notebook
            from .private import hide_notes

            hide_notes(2)
    if not sys.warnoptions:
        for message, module in _WARNINGS.items():
            warnings.filterwarnings("ignore", re.escape(message), module=rf"{module}(\.|$)")
    if "paddle" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds paddle as others do, once, and has it imported without what `_PRINTED` names."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "paddle":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        if found is not None and found.loader is not None:
            found.loader.exec_module = _quietly(found.loader.exec_module)
        return found


def _quietly(execute: Any) -> Any:
    def exec_module(module: ModuleType) -> None:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stderr(printed):
                execute(module)
        finally:
            for line in printed.getvalue().splitlines(keepends=True):
                if not _PRINTED.match(line):
                    sys.stderr.write(line)

    return exec_module
