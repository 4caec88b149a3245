"""The bases of the modules that cut out, for PaddleHub."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from paddle import nn
from paddlehub.module.module import runnable

from ..api import load_network
from ..inference.matting import Matte
from ..inference.outcomes import gather
from ..inference.segmentation import SegmentationPredictor
from ..models import ModelSpec, model_spec
from ..pictures import ImageError, Picture, save_picture
from ..pictures.planes import resized_planes
from ..weights import pretrained_weights
from .base import NetworkModule, module_base, sources
from .results import PictureEntry
from .serving import Proceed, encode_png

__all__ = ["HumanSegmentationModule", "SegmentationModule"]

logger = logging.getLogger(__name__)

_PNG = {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}


@module_base("segmentation", "matting")
class SegmentationModule(NetworkModule):
    """What modules do whose networks tell one foreground, such as people, from the background."""

    category = "CV/semantic_segmentation"
    predictor_class = SegmentationPredictor
    serving_result = {
        "type": "object",
        "required": ["data", "cutout"],
        "properties": {"data": {**_PNG, "description": "Opacity."}, "cutout": {**_PNG, "description": "RGBA."}},
    }

    @staticmethod
    def does(spec: ModelSpec) -> str:
        return "cutting out people"

    def segmentation(
        self,
        images: Optional[Sequence[np.ndarray]] = None,
        paths: Optional[Sequence[str]] = None,
        data: Optional[Mapping[str, Sequence[str]]] = None,
        batch_size: int = 1,
        use_gpu: bool = False,
        visualization: bool = False,
        output_dir: str = "humanseg_output",
    ) -> list[dict[str, Any]]:
        """Cuts people out, with the arguments and the result of PaddleHub's deeplabv3p_xception65_humanseg.

        Args:
            images: BGR arrays as OpenCV gives them: (H, W), (H, W, 3) or (H, W, 4), uint8, uint16 or float in [0, 1].
            paths: Picture files.
            data: {"image": more picture files}, as in old versions of PaddleHub.
            batch_size: Not used: pictures have different sizes.
            use_gpu: Run on a GPU.
            visualization: Write the cut-outs, PNG files with transparency, to `output_dir`.
            output_dir: Folder for them.

        Returns:
            One entry for each input, those of `paths` and `data` first: {"data": opacity of the people, (H, W) float32 from 0 to
            255, "save_path": the file written, "" without `visualization`}.

        Raises:
            TypeError: Nothing to work on, or something else than lists.
            PredictionErrors: Some inputs failed; `.results` has the entries of the others and None for these.
            ValueError: `use_gpu` where Paddle sees no GPU.
        """
        named = list((data or {}).get("image", ()))
        files = [*(paths or ()), *named] if paths is not None or named else None
        inputs = sources(images, files)
        folder = Path(output_dir) if visualization else None
        return gather(self._entries(inputs, self.predictor(use_gpu), folder))

    def predict(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """`segmentation` under the name that all modules have."""
        return self.segmentation(*args, **kwargs)

    def _entries(
        self, inputs: Sequence[Any], predictor: SegmentationPredictor, folder: Optional[Path]
    ) -> Iterator[Union[dict[str, Any], Exception]]:
        for number, matte in enumerate(predictor.predict_each(inputs)):
            if isinstance(matte, Exception):
                yield matte
                continue
            saved = ""
            if folder is not None:
                stem = Path(inputs[number]).stem if isinstance(inputs[number], (str, Path)) else f"image_{number}"
                try:
                    saved = str(matte.save(folder / f"{stem}.png"))
                except (ImageError, OSError) as error:
                    yield error
                    continue
            yield PictureEntry(data=self.opacity(matte), save_path=saved)

    def opacity(self, matte: Matte) -> np.ndarray:
        """The opacity (H, W) float32 in 0...255."""
        return matte.picture.with_pixels(matte.alpha, None).eight_bits().color.astype(np.float32)

    def result_bytes(self, picture: Picture) -> int:
        height, width = picture.size
        return 5 * height * width * picture.color.itemsize

    def answers(self, pictures: Sequence[Picture], proceed: Proceed, **options: Any) -> Iterator[Any]:
        for picture in pictures:
            proceed()
            try:
                matte = self.predictor().segment(picture)
                mask = matte.picture.with_pixels(matte.alpha, None)
                yield {"data": encode_png(mask), "cutout": encode_png(matte.cutout_picture())}
            except ImageError as error:
                yield error

    @runnable
    def run_cmd(self, argvs: Sequence[str]) -> dict[str, str]:
        """What `hub run <name> --input_path FILE_OR_FOLDER` calls; returns the file written for each."""
        parser = self.command_line(batch="pictures")
        parser.add_argument("--output_dir", default=f"{self.name}_output", help="folder for the results (%(default)s)")
        parser.add_argument("--background", help="picture or colour to put what is cut out before: sea.jpg, #438edb")
        options = parser.parse_args(argvs)
        predictor = self.predictor(options.use_gpu)
        prepared = predictor.prepare(background=options.background)

        def files(paths: list[str]) -> Iterator[Any]:
            for path, outcome in zip(paths, predictor.predict_each(paths)):
                try:
                    if isinstance(outcome, Exception):
                        raise outcome
                    made = predictor.render(outcome, **prepared)
                    yield str(save_picture(made, Path(options.output_dir) / f"{Path(path).stem}.png"))
                except (ImageError, OSError) as error:
                    yield error

        return self.run_command(options.input_path, files)


class _ThresholdingPredictor(SegmentationPredictor):
    """Gives what PaddleHub's module gives: max(0, 255 p - 120) 255 / 135 of the probability p, enlarged bilinearly."""

    def alpha_of(self, picture: Picture, share: np.ndarray) -> np.ndarray:
        return (resized_planes(share, picture.size) * 255 - 120).clip(0) / 135


class HumanSegmentationModule(SegmentationModule):
    """PaddleHub's deeplabv3p_xception65_humanseg on the user's copy of its files, or else on the weights of `substitute`.

    Its files are the folder of a static graph, `deeplabv3p_xception65_humanseg_model` in the module's folder, or `weights`.
    """

    predictor_class = _ThresholdingPredictor
    #: Registered name of the network that does its work without them.
    substitute: str

    def load_network(self, weights: Optional[Union[str, Path]]) -> tuple[nn.Layer, ModelSpec]:
        weights = weights or self.own_weights()
        if weights:
            return load_network(self.model, weights)
        logger.warning(
            "%s: there are no files of PaddleHub's module in %s; %s cuts out in its place",
            *(self.name, self.directory, self.substitute),
        )
        self.predictor_class = SegmentationPredictor
        return load_network(self.substitute, pretrained_weights(model_spec(self.substitute)))

    def own_weights(self) -> Optional[Path]:
        folder = Path(self.directory) / f"{self.name}_model"
        places = (folder / "model", folder)
        return next((place for place in places if place.is_dir() and any(place.iterdir())), None)
