"""What pyproject.toml cannot say of the distribution: which Paddle it needs, its long description, the folders it takes along."""

import os
import re
import site
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

#: The minor releases that the tests run with.
PADDLE = "paddlepaddle>=3.3,<3.4"

CORE = [
    "numpy>=1.22",
    "Pillow>=9.1",
    "safetensors",
    "tqdm",
    # Pillow decodes 16-bit colour to 8 bits and knows no floating-point colour. imagecodecs (libpng, and LZW and the other
    # compressions of TIFF) with tifffile reads and writes both: 80 MB, a tenth of what Paddle takes. opencv-python takes more,
    # comes under names that exclude each other, and needs libGL on servers.
    "imagecodecs",
    "tifffile",
]


def paddle() -> list[str]:
    """The requirement of Paddle: none where one of its builds for other devices (paddlepaddle-gpu ...) is installed.

    A build for the CPU beside it would overwrite its files, and no requirement can say "this one or that". pip builds in an
    environment of its own, but with the interpreter of the one that it installs into, which tells where that one's packages lie.
    """
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages(), *sys.path}
    names = (str(found.metadata["Name"]).lower().replace("_", "-") for found in distributions(path=sorted(places)))
    return [] if any(name.startswith("paddlepaddle-") for name in names) else [PADDLE]


def address() -> str:
    """Where the project lives: PADDLE_CV_URL, or the clone's remote `origin` where that is a web address; else ""."""
    url = os.environ.get("PADDLE_CV_URL", "")
    if not url and (HERE / ".git").exists():
        command = ["git", "-C", str(HERE), "remote", "get-url", "origin"]
        try:
            url = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except OSError:  # no git
            pass
    # Never with somebody's password.
    return url.removesuffix(".git").rstrip("/") if re.fullmatch(r"https://[^@\s]+", url) else ""


def long_description(url: str) -> str:
    """README.md, whose links to files of the repository lead there."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    if not url:
        return text

    def absolute(link: re.Match) -> str:
        kind = "raw" if link[1].startswith("!") else "blob"
        return f"{link[1]}({url}/{kind}/main/{link[2]})"

    return re.sub(r"(!?\[[^\]]*\])\((?![a-z]+:|#)([^)\s]+)\)", absolute, text)


def links(url: str) -> dict[str, str]:
    pages = {
        "Homepage": "",
        "Documentation": "/tree/main/docs",
        "Changelog": "/blob/main/CHANGELOG.md",
        "Issues": "/issues",
    }
    return {name: url + page for name, page in pages.items()} if url else {}


def data_folders(top: str) -> list[str]:
    """A folder and those in it, as the packages that setuptools takes them for; it warns of each that is not named."""
    inside = (path for path in sorted((HERE / top).iterdir()) if path.is_dir() and path.name != "__pycache__")
    return [f"paddle_cv.{top}", *(f"paddle_cv.{top}.{path.name}" for path in inside)]


setup(
    install_requires=[*paddle(), *CORE],
    long_description=long_description(address()),
    long_description_content_type="text/markdown",
    project_urls=links(address()),
    packages=[
        *find_packages(include=["paddle_cv", "paddle_cv.*"]),
        *data_folders("hub_modules"),
        *data_folders("configs"),
    ],
    # These two lie at the top of the source tree, where people look for them, and travel inside the package.
    package_dir={"paddle_cv.hub_modules": "hub_modules", "paddle_cv.configs": "configs"},
    package_data={
        "paddle_cv": ["py.typed"],
        "paddle_cv.configs": ["*.yaml", "*/*.yaml"],
        "paddle_cv.data": ["*.txt"],
        "paddle_cv.hub_modules": ["*/*"],
    },
)
