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
from paddle_cv.data import imresize, read_image
from paddle_cv.data.super_resolution import crop_to_multiple
from paddle_cv.engines import ENGINES
from paddle_cv.metrics import denoising_scores, super_resolution_scores
from paddle_cv.pictures import ImageError, save_image
from paddle_cv.pictures.writing import check_target


def enlarged(predictors: dict, target: np.ndarray, low_path: str) -> dict[str, np.ndarray]:
    """The picture reduced, and enlarged by bicubic interpolation and by each network."""
    [scale] = {predictor.scale for predictor in predictors.values()}
    low = read_image(low_path) if low_path else imresize(target, 1 / scale)
    if low.shape != (target.shape[0] // scale, target.shape[1] // scale, *target.shape[2:]):
        raise ValueError(f"{low_path} has {low.shape[:2]} pixels; those of the picture are not {scale} times as many")
    bar = tqdm(predictors.items(), unit="network", disable=None, leave=False)
    return {"bicubic": imresize(low, scale), **{name: predictor.predict(low) for name, predictor in bar}}


def denoised(predictors: dict, target: np.ndarray, level: float) -> dict[str, np.ndarray]:
    """The picture with noise added (always the same), and what each network makes of it."""
    noise = np.random.default_rng(0).normal(0, level, target.shape)
    noisy = np.rint(target + noise).clip(0, 255).astype(np.uint8)
    results = {f"noise {level:g}": noisy}
    for name, predictor in tqdm(predictors.items(), unit="network", disable=None, leave=False):
        results[name] = predictor.predict(noisy, **({"noise_level": level} if predictor.takes("noise_level") else {}))
    return results


def scores_of(result: np.ndarray, target: np.ndarray, scale: int) -> str:
    if scale > 1:
        scores = super_resolution_scores(result, target, scale)
    else:
        scores = denoising_scores(np.atleast_3d(result), np.atleast_3d(target))
    return f"{scores['psnr']:.2f} / {scores['ssim']:.4f}"


def compare(arguments: argparse.Namespace) -> None:
    specs = [pcv.model_spec(name) for name in arguments.names]
    kinds = {(spec.task, spec.scale) for spec in specs}
    if len(kinds) > 1 or specs[0].task not in ("super_resolution", "denoising"):
        raise ValueError("networks that all enlarge by the same factor, or that all denoise, are needed")
    enlarges, scale = specs[0].task == "super_resolution", specs[0].scale or 1
    if not enlarges and arguments.noise_level is None:
        raise ValueError("--noise_level is needed: the standard deviation of the noise to add, of 255")
    if Path(arguments.output).resolve() in (Path(file).resolve() for file in (arguments.image, arguments.low) if file):
        raise ValueError(f"{arguments.output} is an input; the figure does not overwrite inputs")
    check_target(arguments.output, 1, 1)  # before the networks work
    weights = dict(entry.split("=", 1) for entry in arguments.weights)
    target = crop_to_multiple(read_image(arguments.image), scale)
    predictors = {
        name: pcv.load(
            name, weights.get(name), arguments.engine, precision="float32", self_ensemble=arguments.self_ensemble
        )
        for name in arguments.names
    }
    if enlarges:
        results = enlarged(predictors, target, arguments.low)
    else:
        results = denoised(predictors, target, arguments.noise_level)
    if arguments.box:
        left, top, width, height = arguments.box
        box = (left, top, left + width, top + height)
    else:
        worst = np.abs(np.atleast_3d(next(iter(results.values())).astype(np.float32) - target)).mean(axis=2)
        side = max(8, min(target.shape[:2]) // 5)
        box = busiest_box(worst, side, side)
    notes = {name: scores_of(result, target, scale) for name, result in results.items()}
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
    parser.add_argument("--low", metavar="FILE", help="the picture reduced (made by bicubic interpolation)")
    parser.add_argument("--noise_level", type=float, help="for denoisers: of the noise that is added, of 255")
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
