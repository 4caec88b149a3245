"""The bases of the super-resolution and denoising modules for PaddleHub."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np
from paddlehub.module.module import runnable

from ..inference import PredictionErrors, RestorationPredictor
from ..models import ModelSpec
from ..pictures import ImageError, Picture, save_picture
from ..pictures.display import ResultList
from .arrays import rgb
from .base import NetworkModule, module_base, sources
from .results import PictureEntry
from .serving import Proceed, encode_png

__all__ = ["DenoisingModule", "RestorationModule", "SuperResolutionModule"]

_FOLD = {2: "twofold", 3: "threefold", 4: "fourfold", 8: "eightfold"}


class RestorationModule(NetworkModule):
    """What modules from picture to picture do; `weights=` takes any network of the module's family and scale."""

    category = "CV/image_editing"
    predictor_class = RestorationPredictor
    serving_result = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}},
    }

    def predict(
        self,
        images: Optional[Sequence[np.ndarray]] = None,
        paths: Optional[Sequence[str]] = None,
        batch_size: int = 1,
        use_gpu: bool = False,
        visualization: bool = False,
        output_dir: Optional[str] = None,
    ) -> list[dict[str, Any]]:
        """Enlarges or denoises pictures.

        Args:
            images: BGR arrays as OpenCV gives them: (H, W), (H, W, 3) or (H, W, 4), uint8, uint16 or float in [0, 1].
            paths: Picture files.
            batch_size: How many windows of a picture go through the network at once.
            use_gpu: Run on a GPU.
            visualization: Write the results to `output_dir`.
            output_dir: Folder for them; None: `<name>_output` in the current folder.

        Returns:
            One entry for each input, those of `paths` first: {"data": the result, "save_path": the file written, "" without
            `visualization`}. The data is a BGR array (BGRA with alpha; (H, W) for an array of that shape) of the input's dtype.
            In a notebook the entries show themselves.

        Raises:
            TypeError: Neither `images` nor `paths`, or something else than lists.
            PredictionErrors: Some inputs failed; `.results` has the entries of the others and None for these.
            ValueError: `use_gpu` where Paddle sees no GPU.
        """
        folder = Path(output_dir or f"{self.name}_output") if visualization else None
        results = ResultList()
        errors: dict[int, Exception] = {}
        written = self._written(sources(images, paths), batch_size, use_gpu, folder)
        for index, outcome in enumerate(written):
            failed = isinstance(outcome, Exception)
            results.append(None if failed else PictureEntry(data=_bgr(outcome[0]), save_path=outcome[1]))
            if failed:
                errors[index] = outcome
        if errors:
            raise PredictionErrors(results, errors)
        return results

    def _written(
        self, inputs: Sequence[Any], batch_size: int, use_gpu: bool, folder: Path | None
    ) -> Iterator[tuple[Picture, str] | Exception]:
        """For each input the result and the file that was written, "" without a folder; or why it failed."""
        taken = {Path(path).resolve() for path in inputs if isinstance(path, (str, Path))}
        for index, outcome in enumerate(self.predictor(use_gpu).predict_each(inputs, batch_size)):
            saved = ""
            if folder is not None and isinstance(outcome, Picture):
                stem = Path(inputs[index]).stem if isinstance(inputs[index], (str, Path)) else f"image_{index}"
                try:
                    saved = str(save_picture(outcome, _free_name(folder, stem, taken)))
                except (ImageError, OSError) as error:
                    outcome = error
            yield outcome if isinstance(outcome, Exception) else (outcome, saved)

    def result_bytes(self, picture: Picture) -> int:
        height, width = self.predictor().result_size(*picture.size)
        channels = (1 if picture.grey else 3) + (picture.alpha is not None)
        return height * width * channels * picture.color.itemsize

    def answers(self, pictures: Sequence[Picture], proceed: Proceed, **options: Any) -> Iterator[Any]:
        for picture in pictures:
            proceed()
            try:
                result = self.predictor().restore(picture, progress=lambda *_: proceed(), **options)
                yield {"data": encode_png(result)}
            except ImageError as error:
                yield error

    @runnable
    def run_cmd(self, argvs: Sequence[str]) -> dict[str, str]:
        """What `hub run <name> --input_path FILE_OR_FOLDER` calls; returns the file written for each."""
        parser = self.command_line(batch="windows of a picture")
        parser.add_argument("--output_dir", default=f"{self.name}_output", help="folder for the results (%(default)s)")
        options = parser.parse_args(argvs)

        def files(paths: list[str]) -> Iterator[Any]:
            for outcome in self._written(paths, options.batch_size, options.use_gpu, Path(options.output_dir)):
                yield outcome if isinstance(outcome, Exception) else outcome[1]

        return self.run_command(options.input_path, files)


@module_base("super_resolution")
class SuperResolutionModule(RestorationModule):
    """What every super-resolution module does; a module adds `moduleinfo` and names its network."""

    @staticmethod
    def does(spec: ModelSpec) -> str:
        return f"{_FOLD[spec.scale]} super-resolution"

    def reconstruct(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """`predict` under the name that PaddleHub's own super-resolution modules use."""
        return self.predict(*args, **kwargs)


@module_base("denoising")
class DenoisingModule(RestorationModule):
    """What every denoising module does whose network is not told the noise level; otherwise like `SuperResolutionModule`."""

    @staticmethod
    def does(spec: ModelSpec) -> str:
        return "denoising of pictures"

    def denoise(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """`predict` under the name of what it does."""
        return self.predict(*args, **kwargs)


def _bgr(picture: Picture) -> np.ndarray:
    """Files give (H, W, 3) or (H, W, 4) as OpenCV's programs expect it; a grey array stays grey."""
    if picture.grey and (picture.kind == "image" or picture.alpha is not None):
        picture = picture.with_pixels(np.dstack([picture.color] * 3), picture.alpha)
    array = picture.array()
    return np.ascontiguousarray(rgb(array))  # the same swap


def _free_name(folder: Path, stem: str, taken: set[Path]) -> Path:
    """A PNG name that neither an input has nor an earlier result of the same call."""
    number, path = 1, folder / f"{stem}.png"
    while path.resolve() in taken:
        number += 1
        path = folder / f"{stem}_{number}.png"
    taken.add(path.resolve())
    return path
