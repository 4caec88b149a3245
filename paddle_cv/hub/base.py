"""What the modules for all tasks have in common."""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from paddle import nn
from paddlehub.module.module import RunModule, serving

from ..api import load_network
from ..inference import is_picture
from ..models import ModelSpec, model_spec
from ..models.discovery import Table
from ..pictures import ImageError, Picture
from .arrays import rgb
from .serving import MAX_IMAGES, MAX_PIXELS, MAX_RESULT_BYTES, Failure, Proceed, check_options, decode_each

__all__ = ["NetworkModule", "module_base", "sources"]

logger = logging.getLogger(__name__)

#: The class that modules with networks for a task derive from: `@module_base("task")`.
module_base: Table[str] = Table(__package__)


class NetworkModule(nn.Layer, RunModule):
    """A module with a registered network; a subclass for a task adds `predict` and what serves it.

    The base is a Layer because PaddleHub runs the methods of everything else in static mode, and is already a `RunModule`
    so that PaddleHub does not build the class anew.

    Args:
        weights: A weight file of the module's family instead of its own, ours or the authors'; the configuration is read from it.
            None: `<model>.pdparams` in the module's folder, or what `create_model(..., pretrained=True)` takes.

    Raises:
        FileNotFoundError: There is no such file, or published weights cannot be fetched; the message says where they may be put.
        ValueError: The file cannot be read, or belongs to another network.
    """

    #: PaddleHub's category of such modules.
    category: str
    #: Registered name of the network.
    model: str
    #: Class of `paddle_cv.inference` that does the work.
    predictor_class: type
    #: JSON Schema of what the serving method gives for one image.
    serving_result: dict[str, Any]
    #: How many requests a server may hand to `serve_together`: more than one where pictures go faster together.
    serving_together = 1

    def __init__(self, weights: Optional[Union[str, Path]] = None):
        super().__init__()
        self.network, self.spec = self.load_network(weights)
        self._predictors: dict[str, Any] = {}

    @classmethod
    def serving_options(cls) -> dict[str, Any]:
        """JSON Schemas of what the serving method takes beside "images", by key: the options of the predictor for the network."""
        spec = model_spec(cls.model)
        return {option.name: option.schema for option in cls.predictor_class.options if option.applies(spec)}

    @staticmethod
    def does(spec: ModelSpec) -> str:
        """What a module with this network does, in its `module.py`: "names handwritten digits", "fourfold super-resolution"."""
        raise NotImplementedError

    def own_weights(self) -> Optional[Path]:
        """The weight file in the module's folder; None where there is none."""
        path = Path(self.directory) / f"{self.model}.pdparams"
        return path if path.is_file() else None

    def load_network(self, weights: Optional[Union[str, Path]]) -> tuple[nn.Layer, ModelSpec]:
        """The network with `weights`, and what it is; a subclass may find them elsewhere."""
        return load_network(self.model, weights or self.own_weights())

    def forward(self, x):
        """What the network computes of its input, (N, C, H, W)."""
        return self.network(x)

    def command_line(self, batch: str) -> argparse.ArgumentParser:
        """The options of `hub run` that all modules have; `batch` says what `--batch_size` counts."""
        parser = argparse.ArgumentParser(prog=f"hub run {self.name}", description=self.summary)
        parser.add_argument("--input_path", required=True, help="a picture, or a folder of pictures")
        parser.add_argument("--batch_size", type=int, default=1, help=f"{batch} at once (%(default)s)")
        parser.add_argument("--use_gpu", action="store_true", help="run on a GPU")
        return parser

    def run_command(self, path: str, outcomes: Any) -> dict[str, Any]:
        """Works on a picture, or those in a folder, one after the other.

        Args:
            path: The file or folder.
            outcomes: Called with the files; gives an iterator of what is to be told of each, or of why it failed.

        Returns:
            What is told of each file. If some failed, that of the others is printed with what went wrong, and the program ends
            with 1.
        """
        paths = input_files(path)
        if not paths:
            sys.exit(f"there is no picture in {path}")
        told, errors = {}, []
        for file, outcome in zip(paths, outcomes(paths)):
            if isinstance(outcome, Exception):
                errors.append(outcome)
            else:
                told[file] = outcome
        if not errors:
            return told
        for file, outcome in told.items():
            print(file, outcome)
        print(f"{len(errors)} of {len(paths)} pictures failed:", *errors, sep="\n  ", file=sys.stderr)
        sys.exit(1)

    @serving
    def serving_method(self, /, **keys: Any) -> list[Any]:
        """What `POST /predict/<name>` calls: {"images": [base64 of PNG, JPEG or WebP files]}, and `serving_options`.

        Returns:
            The results in the order of the images; for one that failed {"error": message}.

        Raises:
            ValueError: Anything else was sent, or all failed; limits are in `paddle_cv.hub.serving`.
        """
        return self.serve(keys)

    def serve(self, keys: dict[str, Any], proceed: Proceed = lambda: None) -> list[Any]:
        """What `serving_method` does; `proceed` ends it where it raises.

        Args:
            keys: Those of the body.
            proceed: Called between pictures, and between windows of a picture.
        """
        [result] = self.serve_together([keys], proceed)
        if isinstance(result, ValueError):
            raise result
        return result

    def serve_together(
        self, requests: Sequence[dict[str, Any]], proceed: Proceed = lambda: None
    ) -> list[list[Any] | ValueError]:
        """What `serve` gives or raises for each of several requests, whose pictures go through the network at once.

        Returns:
            As many results as there are requests; or fewer, where their pictures take more memory than those of one request may.
        """
        read: list[tuple[str, list[Picture | ImageError]] | ValueError] = []
        groups: dict[str, list[Picture]] = {}
        pixels = 0
        for keys in requests:
            if pixels >= MAX_IMAGES * MAX_PIXELS:
                break
            try:
                options, decoded = self._read(keys, proceed)
            except ValueError as error:
                read.append(error)
                continue
            read.append((options, decoded))
            pictures = [item for item in decoded if isinstance(item, Picture)]
            groups.setdefault(options, []).extend(pictures)
            pixels += sum(math.prod(picture.size) for picture in pictures)
        outcomes = {
            options: self.answers(pictures, proceed, **json.loads(options)) for options, pictures in groups.items()
        }
        return [item if isinstance(item, ValueError) else _entries(item[1], outcomes[item[0]]) for item in read]

    def _read(self, keys: dict[str, Any], proceed: Proceed) -> tuple[str, list[Picture | ImageError]]:
        """The options of a request as JSON, and its pictures, or why they cannot be used; ValueError refuses it."""
        options = check_options({key: value for key, value in keys.items() if key != "images"}, self.serving_options())
        decoded = decode_each(keys.get("images"), proceed)
        size = sum(self.result_bytes(item) for item in decoded if isinstance(item, Picture))
        if size > MAX_RESULT_BYTES:
            raise ValueError(f"the results would take {size} bytes, more than {MAX_RESULT_BYTES}: send fewer pictures")
        return json.dumps(options, sort_keys=True), decoded

    def result_bytes(self, picture: Picture) -> int:
        """What the result of a picture takes in memory; 0 of what is no picture."""
        return 0

    def answers(self, pictures: Sequence[Picture], proceed: Proceed, **options: Any) -> Iterator[Any]:
        """For each picture its entry in the reply, or the `ImageError` why it failed; a subclass for a task has it.

        Args:
            pictures: Decoded.
            proceed: To be called between pictures, and between windows of one.
            **options: `serving_options`, checked.
        """
        raise NotImplementedError

    def predictor(self, use_gpu: bool = False) -> Any:
        """The predictor that does the work, made at the first call: a server that forks must not inherit its threads."""
        device = "gpu" if use_gpu else "cpu"
        if device not in self._predictors:
            self.eval()
            self._predictors[device] = self.predictor_class(self.network, self.spec, device=device)
        return self._predictors[device]

    def create_gradio_app(self, language: Optional[str] = None) -> Any:
        """A page to try the module in a browser: `hub.Module(name=...).create_gradio_app().launch()`.

        `hub serving` opens it at /gradio/<name>, for this machine only.

        Args:
            language: "zh" or "en"; None: as the browser prefers. Either can be chosen on the page.

        Returns:
            A `gradio.Blocks`.

        Raises:
            ImportError: Gradio 6 is missing; it needs Python 3.10.
        """
        from ..demo import Network
        from .page import ModulePage

        def predictor() -> Any:
            """A new one: PaddleHub shows the page in a process that is forked from its server."""
            self.eval()
            return self.predictor_class(self.network, self.spec, device="cpu")

        return ModulePage([Network(self.name, self.spec, predictor)], language)


def _entries(decoded: list[Picture | ImageError], outcomes: Iterator[Any]) -> list[Any] | ValueError:
    """The entries of a reply; a refusal where all pictures have failed."""
    entries = [next(outcomes) if isinstance(item, Picture) else item for item in decoded]
    failures = [entry for entry in entries if isinstance(entry, Exception)]
    if len(failures) == len(entries):
        return ValueError("\n".join(map(str, failures)))
    return [Failure(entry) if isinstance(entry, Exception) else entry for entry in entries]


def sources(images: Optional[Sequence[np.ndarray]], paths: Optional[Sequence[str]]) -> list[Any]:
    """What `predict` has to work on: the paths, then the BGR arrays as RGB.

    Raises:
        TypeError: Neither `images` nor `paths`, or something else than lists.
    """
    for name, value in (("images", images), ("paths", paths)):
        if value is not None and not isinstance(value, (list, tuple)):
            raise TypeError(f"{name} must be a list, not {type(value).__name__}")
    if images is None and paths is None:
        raise TypeError("give images=[BGR arrays] or paths=[files]")
    return [*(paths or ()), *(rgb(image) for image in images or ())]


def input_files(path: Union[str, Path]) -> list[str]:
    """The file, or the pictures in a folder, sorted; the log says how many files are left out that are no pictures by name."""
    path = Path(path)
    if not path.is_dir():
        return [str(path)]
    files = [file for file in path.iterdir() if file.is_file()]
    pictures = sorted(str(file) for file in files if is_picture(file))
    if len(pictures) < len(files):
        logger.info("%s: %d files are no pictures and left out", path, len(files) - len(pictures))
    return pictures
