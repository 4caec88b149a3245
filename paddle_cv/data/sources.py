"""Where public data sets are published, and which folder each goes to.

Hashes are stated where somebody publishes them: Paddle (`paddle.vision.datasets`) for MNIST, Flowers-102 and VOC2012, TensorFlow
Datasets for DIV2K, Hugging Face for Set5. Of all other files the first one that comes is trusted, and its hash is noted: a later
one must be the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["DATA_SETS", "DataSet", "File", "data_folder", "hint"]


@dataclass(frozen=True)
class File:
    """A published file.

    Attributes:
        urls: Addresses of the same file, tried in this order.
        takes: Where what is inside goes, as folders below that of all data, by patterns of paths in the archive, which begin
            with a slash here. What lies below the pattern's folder keeps its path; what no pattern matches is left out. For a
            file that is no archive, one folder under the key "".
        digest: Its hash, "sha256:..." or "md5:..."; "" where nobody publishes one.
        bytes: About how many it has.
        leaves: Patterns of paths in the archive that are left out.
    """

    urls: tuple[str, ...]
    takes: Mapping[str, str]
    digest: str = ""
    bytes: int = 0
    leaves: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return PurePosixPath(self.urls[0].partition("?")[0]).name


@dataclass(frozen=True)
class DataSet:
    """A data set that can be fetched.

    Attributes:
        name: As users type it.
        about: What it is, in a few words.
        terms: Under which terms its authors give it.
        files: What is fetched.
        holds: For each folder that it makes, below that of all data, how many files there must be in it at least.
    """

    name: str
    about: str
    terms: str
    files: tuple[File, ...]
    holds: Mapping[str, int]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def data_folder() -> Path:
    """The folder of all data sets: `PADDLE_CV_DATA`, or `data` in the working directory."""
    return Path(os.environ.get("PADDLE_CV_DATA") or "data")


_PICTURES = ("*.png", "*.jpg", "*.jpeg", "*.bmp")
_RESEARCH = "research; no licence is stated"
_LAPSRN = "http://vllab.ucmerced.edu/wlai24/LapSRN/results/SR_training_datasets.zip"
_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"
_PADDLE = "https://dataset.bj.bcebos.com/"
_FLOWERS = "http://paddlemodels.bj.bcebos.com/flowers/"


def _pictures(folder: str, target: str) -> dict[str, str]:
    """All pictures of a folder of an archive, wherever in it that folder lies."""
    return {f"*/{folder}/{suffix}": target for suffix in _PICTURES}


def _div2k(part: str, bytes: int, sha256: str) -> File:
    folder = f"DIV2K_{part.partition('_X')[0]}"
    return File((f"{_DIV2K}DIV2K_{part}.zip",), {f"*/{folder}/*.png": f"DIV2K/{folder}"}, f"sha256:{sha256}", bytes)


def _reduced(scale: int, train: tuple[int, str], valid: tuple[int, str]) -> DataSet:
    parts = {"train": 800, "valid": 100}
    return DataSet(
        f"DIV2K_bicubic_x{scale}",
        f"the pictures of DIV2K, reduced by {scale} as MATLAB's imresize does",
        "academic research only",
        tuple(_div2k(f"{part}_LR_bicubic_X{scale}", *known) for part, known in zip(parts, (train, valid))),
        {f"DIV2K/DIV2K_{part}_LR_bicubic/X{scale}": count for part, count in parts.items()},
    )


def _mnist(name: str, bytes: int, md5: str) -> File:
    return File((f"{_PADDLE}mnist/{name}",), {"": "mnist"}, f"md5:{md5}", bytes)


_SETS = (
    DataSet(
        "T91",
        "91 small photographs (Yang et al. 2010), for training super-resolution; one is damaged in every copy, and left out",
        _RESEARCH,
        # tt9 is truncated.
        (File((_LAPSRN,), _pictures("T91", "sr_train/T91"), bytes=133_000_000, leaves=("*tt9.*",)),),
        {"sr_train/T91": 90},
    ),
    DataSet(
        "General-100",
        "100 photographs without compression (FSRCNN, Dong et al. 2016), for training super-resolution",
        _RESEARCH,
        (File((_LAPSRN,), _pictures("General100", "sr_train/General-100"), bytes=133_000_000),),
        {"sr_train/General-100": 100},
    ),
    DataSet(
        "BSDS500",
        "500 photographs (Arbelaez et al. 2011): 400 for training, and 100 for tests, known as BSD100",
        "non-commercial research and education",
        (
            File(
                (
                    "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
                    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
                ),
                {
                    "*/images/train/*.jpg": "sr_train/BSDS400",
                    "*/images/test/*.jpg": "sr_train/BSDS400",
                    "*/images/val/*.jpg": "sr_test/BSD100/HR",
                },
                bytes=71_000_000,
            ),
        ),
        {"sr_train/BSDS400": 400, "sr_test/BSD100/HR": 100},
    ),
    DataSet(
        "Set5",
        "5 pictures that super-resolution is measured with (Bevilacqua et al. 2012)",
        _RESEARCH,
        (
            File(
                ("https://huggingface.co/datasets/eugenesiow/Set5/resolve/main/data/Set5_HR.tar.gz",),
                _pictures("Set5_HR", "sr_test/Set5/HR"),
                "sha256:260fc447296333f6c2716bcd65513968c33b666f21a905537ee3330c51a1945b",
                852_000,
            ),
        ),
        {"sr_test/Set5/HR": 5},
    ),
    DataSet(
        "Set14",
        "14 pictures that super-resolution is measured with (Zeyde et al. 2010)",
        _RESEARCH,
        (
            File(
                ("https://huggingface.co/datasets/eugenesiow/Set14/resolve/main/data/Set14_HR.tar.gz",),
                _pictures("Set14_HR", "sr_test/Set14/HR"),
                bytes=4_980_000,
            ),
        ),
        {"sr_test/Set14/HR": 14},
    ),
    DataSet(
        "DIV2K",
        "900 photographs of 2 megapixels (Agustsson and Timofte 2017): 800 for training, 100 for tests",
        "academic research only",
        (
            _div2k("train_HR", 3530603713, "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335"),
            _div2k("valid_HR", 448993893, "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc"),
        ),
        {"DIV2K/DIV2K_train_HR": 800, "DIV2K/DIV2K_valid_HR": 100},
    ),
    _reduced(
        2,
        (925390592, "a53a424317575838dadce4bcd97cf7b744d6855f43740ed5f0245af3cf4bd850"),
        (117763600, "60eed9875c697df51204aa579e2a699e1d5215095788a097ff54dd17e2664d57"),
    ),
    _reduced(
        3,
        (427847282, "ad5c8e5507e2765823d3c2c5bd0934842efcd487c5370604c224090898b3163a"),
        (54513392, "04b9a2ed3b4a0715d3924d3ae8514830c3328fac8d30512ce716d6f419e052a3"),
    ),
    _reduced(
        4,
        (246914039, "f006b837f4eb52b82909aa01478e6d6d199eefce932179491d0c9dbb706dde3a"),
        (31505881, "a50a5d1c4b88de4e8d300d8fb2b904c52fe93b2b298a4899697760d7cbb6d553"),
    ),
    DataSet(
        "Set12",
        "12 grey pictures that denoisers are measured with (Zhang et al. 2017)",
        _RESEARCH,
        tuple(
            File(
                (f"https://raw.githubusercontent.com/cszn/DnCNN/master/testsets/Set12/{number:02}.png",),
                {"": "denoise_test/Set12"},
                bytes=120_000,
            )
            for number in range(1, 13)
        ),
        {"denoise_test/Set12": 12},
    ),
    DataSet(
        "MNIST",
        "70,000 digits, 28 x 28 pixels, 10 classes (LeCun et al. 1998)",
        "CC BY-SA 3.0",
        (
            _mnist("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            _mnist("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
            _mnist("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
            _mnist("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        {"mnist": 4},
    ),
    DataSet(
        "ants_bees",
        "397 photographs of ants and bees, 2 classes, of PyTorch's course on transfer learning",
        _RESEARCH,
        (
            File(
                ("https://download.pytorch.org/tutorial/hymenoptera_data.zip",),
                {
                    f"*/{part}/{kind}/*.jpg": f"hymenoptera/{part}/{kind}"
                    for part in ("train", "val")
                    for kind in ("ants", "bees")
                },
                bytes=47_300_000,
            ),
        ),
        {
            "hymenoptera/train/ants": 120,
            "hymenoptera/train/bees": 120,
            "hymenoptera/val/ants": 65,
            "hymenoptera/val/bees": 80,
        },
    ),
    DataSet(
        "Flowers-102",
        "8,189 photographs of flowers, 102 classes (Nilsback and Zisserman 2008)",
        _RESEARCH,
        (
            File(
                (f"{_FLOWERS}102flowers.tgz",),
                {"*/jpg/*.jpg": "flowers102/jpg"},
                "md5:52808999861908f626f3c1f4e79d11fa",
                345_000_000,
            ),
            File((f"{_FLOWERS}imagelabels.mat",), {"": "flowers102"}, "md5:e0620be6f572b9609742df49c70aed4d", 500),
            File((f"{_FLOWERS}setid.mat",), {"": "flowers102"}, "md5:a5357ecc9cb78c4bef273ce3793fc85c", 15_000),
        ),
        {"flowers102/train": 1020, "flowers102/val": 1020, "flowers102/test": 6149},
    ),
    DataSet(
        "VOC2012",
        "17,125 photographs, 2,913 of them with masks of 20 classes (Everingham et al. 2012)",
        "the terms of Flickr",
        (
            File(
                (f"{_PADDLE}voc/VOCtrainval_11-May-2012.tar",),
                {"*/VOCdevkit/VOC2012/*": "VOC2012"},
                "md5:6cd6e144f989b92b3379bac3b3de84fd",
                1_999_639_040,
            ),
        ),
        {"VOC2012/JPEGImages": 17125, "VOC2012/SegmentationClass": 2913},
    ),
)

#: All of them, by name.
DATA_SETS = {data_set.name: data_set for data_set in _SETS}


def hint(path: str | os.PathLike) -> str:
    """The end of a message that a folder or file is missing: how to get the data set that it belongs to, if it is known."""
    path = f"/{Path(path).as_posix()}/"
    found = [(len(end), data_set.name) for data_set in _SETS for end in _ends(data_set) if f"/{end}/" in path]
    return f"; paddle-cv data get {max(found)[1]} fetches it" if found else ""


def _ends(data_set: DataSet) -> set[str]:
    """The folders that a set makes, and the ones above them that it has for itself."""
    ends = set()
    for folder in data_set.holds:
        parts = folder.split("/")
        shared = 1 if parts[0] in ("sr_train", "sr_test", "denoise_test") else 0
        ends |= {"/".join(parts[:count]) for count in range(shared + 1, len(parts) + 1)}
    return ends
