"""The distribution `paddle-cv`: the package `paddle_cv`, with the hub modules inside it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "paddle_cv" / "version.py").read_text(encoding="utf-8"))[1]

CORE = [
    "paddlepaddle>=3.0,<4",  # GPU users put paddlepaddle-gpu in its place, see README
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

TRAIN = [
    "omegaconf>=2.3",  # YAML configurations with inheritance, type checks and overrides
    "scikit-image",  # SSIM; and the photographs of the demo and the tests
    "visualdl",
]

# A plain `pip install paddlepaddle paddlehub` does not import any more. These pins mend it; each has its reason.
HUB = [
    "paddlehub==2.4.0",
    # paddlehub needs paddlenlp, whose last release imports `download` from aistudio_sdk.hub: gone in 0.3
    "aistudio-sdk<0.3",
    # ... and `repo_type_and_id_from_hf_id`: gone in huggingface-hub 2
    "huggingface-hub<2",
    # paddlehub ships code generated for protobuf 3 ("Descriptors cannot be created directly")
    "protobuf<4",
    # paddlehub's base64 helpers call np.fromstring and tostring: gone in numpy 2.3
    "numpy<2.3; python_version < '3.12'",
    # on Python 3.12 paddlenlp's tool-helpers wants numpy 1; opencv and pyarrow wheels that still take it:
    "numpy<2; python_version >= '3.12'",
    "opencv-python<4.12; python_version >= '3.12'",
    "pyarrow<26; python_version >= '3.12'",
]

# Beside `hub` pip takes the last onnxruntime that goes with protobuf 3: 1.19 on Python 3.9, 1.23 on 3.10, 1.26 on 3.11 and 3.12.
ONNX = [
    "paddle2onnx>=2.1",  # reads the graphs of Paddle 3
    "onnxruntime>=1.17",
    "ml_dtypes",  # these two: onnxruntime's quantisation imports them
    "sympy",
]

# The page of tools/demo.py. It compares two pictures by a component of Gradio 6, which needs Python 3.10.
DEMO = ["gradio>=6,<7; python_version >= '3.10'"]

# tools/serve.py. Both are there already beside gradio, which paddlehub brings.
SERVE = [
    "starlette>=0.37",  # the application: routes, replies
    "uvicorn>=0.30",  # HTTP: connections, signals
]

VIDEO = [
    # FFmpeg's libraries with x264, in a wheel of 36 MB. Before 17 it converts full-range BT.709 wrongly, and 17 needs Python 3.10.
    "av>=17; python_version >= '3.10'",
]

DEV = [
    "hypothesis",
    "pytest",
    "pytest-xdist",  # the tests on all cores
    "ruff==0.17.6",  # formats differ between ruff's versions
    "selenium",  # the page in a browser: steers Debian's chromium by the chromedriver of the same version
]

setup(
    name="paddle-cv",
    version=VERSION,
    description="Classic CNNs and super-resolution networks for PaddlePaddle, as readable layers and PaddleHub modules",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.9",
    packages=[*find_packages(include=["paddle_cv", "paddle_cv.*"]), "paddle_cv.hub_modules"],
    # The modules lie at the top of the source tree, where people look for them, and travel inside the package.
    package_dir={"paddle_cv.hub_modules": "hub_modules"},
    package_data={"paddle_cv.hub_modules": ["*/*"], "paddle_cv.data": ["*.txt"]},
    entry_points={"console_scripts": ["paddle-cv = paddle_cv.cli:main"]},
    install_requires=CORE,
    extras_require={"hub": HUB, "train": TRAIN, "onnx": ONNX, "demo": DEMO, "serve": SERVE, "video": VIDEO, "dev": DEV},
)
