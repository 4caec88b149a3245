"""Draws the figure of papers: a picture, and a part of it as it was and as each network makes it, with PSNR and SSIM.

    paddle-cv compare rdn_x4 carn_m_x4 --image butterfly.png -o comparison.png
    paddle-cv compare dncnn_gray_s25 ffdnet_gray --noise_level 25 --image cameraman.png --box 100 80 64 64 -o comparison.png

For networks that enlarge, the picture is reduced first (MATLAB's imresize, or --low), and bicubic interpolation stands beside them;
for denoisers noise is added. The scores are those of the whole picture.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

import paddle_cv as pcv
from paddle_cv.analysis import busiest_box, paper_figure
from paddle_cv.analysis.evaluation import PictureEvaluation, evaluations
from paddle_cv.data import crop_to_multiple, read_image
from paddle_cv.engines import ENGINES
from paddle_cv.pictures import ImageError, save_image
from paddle_cv.pictures.writing import check_target

from .options import add_options, given


def evaluation_of(specs: list[pcv.ModelSpec]) -> type[PictureEvaluation]:
    """What measures the results of networks that can be compared with one another."""
    kinds = {task: kind for task, kind in evaluations().items() if issubclass(kind, PictureEvaluation)}
    if len({(spec.task, spec.scale) for spec in specs}) > 1 or specs[0].task not in kinds:
        raise ValueError(f"networks of one task ({', '.join(kinds)}) and the same factor are needed")
    return kinds[specs[0].task]


def compare(arguments: argparse.Namespace) -> None:
    specs = [pcv.model_spec(name) for name in arguments.names]
    spec, by = specs[0], evaluation_of(specs)
    options = given(arguments, by.example_options)
    inputs = [arguments.image, *(value for value in options.values() if isinstance(value, str))]
    if Path(arguments.output).resolve() in (Path(file).resolve() for file in inputs):
        raise ValueError(f"{arguments.output} is an input; the figure does not overwrite inputs")
    check_target(arguments.output, 1, 1)  # before the networks work
    weights = dict(entry.split("=", 1) for entry in arguments.weights)
    target = crop_to_multiple(read_image(arguments.image), spec.scale or 1)
    example = by.example(spec, target, **options)
    predictors = {
        name: pcv.load(
            name, weights.get(name), arguments.engine, precision="float32", self_ensemble=arguments.self_ensemble
        )
        for name in arguments.names
    }
    results = {example.name: example.baseline}
    for name, predictor in tqdm(predictors.items(), unit="network", disable=None, leave=False):
        told = {key: value for key, value in options.items() if predictor.takes(key)}
        results[name] = predictor.predict(example.input, **told)
    if arguments.box:
        left, top, width, height = arguments.box
        box = (left, top, left + width, top + height)
    else:
        worst = np.abs(np.atleast_3d(example.baseline.astype(np.float32) - target)).mean(axis=2)
        side = max(8, min(target.shape[:2]) // 5)
        box = busiest_box(worst, side, side)
    scores = {name: by.score(spec, result, target) for name, result in results.items()}
    notes = {name: f"{of['psnr']:.2f} / {of['ssim']:.4f}" for name, of in scores.items()}
    images = {name: Image.fromarray(image) for name, image in {"original": target, **results}.items()}
    figure = paper_figure(images["original"], images, box, {"original": "PSNR / SSIM", **notes})
    for name, note in notes.items():
        print(f"{name:<28}{note}")
    print(save_image(figure, arguments.output))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="names of paddle_cv.list_models(), of one task and scale"
    )
    parser.add_argument("--image", required=True, metavar="FILE", help="the picture as it should be")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the figure")
    parser.add_argument(
        "--box", type=int, nargs=4, metavar=("LEFT", "TOP", "WIDTH", "HEIGHT"), help="the part that is shown"
    )
    flags: dict[str, argparse.Action] = {}
    for kind in dict.fromkeys(evaluations().values()):
        if issubclass(kind, PictureEvaluation):
            add_options(parser, kind.example_options, flags)
    parser.add_argument(
        "--weights", metavar="NAME=FILE", action="append", default=[], help="a network's weights (shipped or published)"
    )
    parser.add_argument("--self-ensemble", action="store_true", help="mean over eight orientations")
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    arguments = parser.parse_args()
    for entry in arguments.weights:
        if entry.partition("=")[0] not in arguments.names:
            parser.error(f"--weights {entry}: NAME=FILE is needed, NAME one of {', '.join(arguments.names)}")
    try:
        compare(arguments)
    except (KeyError, FileNotFoundError, ImageError, ValueError) as error:
        parser.error(str(error.args[0] if isinstance(error, KeyError) else error))
    return 0
