"""Settings and data for all tests."""

import os
import sys
from pathlib import Path

# Read when paddle is imported: the training tests need oneDNN kernels.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
os.environ.setdefault("GLOG_minloglevel", "2")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import skimage  # noqa: E402
from PIL import Image  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """No test reads or writes the user's cache."""
    os.environ["PADDLE_CV_HOME"] = str(tmp_path_factory.mktemp("paddle_cv_home"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of training and test sets, which does not belong to the project."""
    folder = os.environ.get("PADDLE_CV_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"PADDLE_CV_DATA is {folder!r}: it should name the folder of the data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A real photograph, (300, 451, 3) uint8 RGB."""
    return np.asarray(Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png"))


@pytest.fixture(scope="session")
def predictor():
    """The shipped network."""
    import paddle_cv as pcv

    return pcv.load("rdn_x4")
