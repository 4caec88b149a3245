"""A tiled result is the untiled one: of each family a small network, whose receptive field the overlap covers."""

import math

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.inference import RestorationPredictor
from paddle_cv.models import build_model
from tests.inference.test_zoo import RESTORATION, conditions_of

SMALL = {
    "BTSRN": {"num_low": 1, "num_high": 1, "num_features": 8, "bottleneck": 4},
    "CARN": {"num_features": 8},
    "CNF": {"num_layers": (3, 4)},
    "DBPN": {"num_stages": 2, "num_features": 4, "num_initial_features": 8},
    "DRCN": {"num_recursions": 2, "num_features": 8},
    "DRRN": {"num_units": 1, "num_features": 8},
    "PlainDRRN": {"num_units": 1, "num_features": 8},
    "DRUNet": {"num_features": (4, 4, 4, 4), "num_blocks": 1},
    "DnCNN": {"num_layers": 4, "num_features": 8},
    "EDSR": {"num_blocks": 1, "num_features": 8},
    "ESPCN": {},
    "EnhanceNet": {"num_blocks": 1, "num_features": 8},
    "FFDNet": {"num_layers": 3, "num_features": 8},
    "FSRCNN": {},
    "IDN": {"num_blocks": 1},
    "IRCNN": {"num_features": 8},
    "Interpolation": {},
    "LapSRN": {"num_layers": 2, "num_features": 8},
    "MDSR": {"num_blocks": 1, "num_features": 8},
    "MSRResNet": {"num_blocks": 1, "num_features": 8},
    "MemNet": {"num_blocks": 1, "num_recursions": 1, "num_features": 8},
    "RDN": {"num_blocks": 1, "num_layers": 2, "growth_rate": 4, "num_features": 8},
    "REDNet": {"num_layers": 6, "num_features": 8},
    "RRDBNet": {"num_blocks": 1, "num_features": 8, "growth_rate": 4},
    "SCN": {},
    "SRCNN": {},
    "SRDenseNet": {"num_blocks": 1, "num_layers": 2, "growth_rate": 4, "num_features": 8},
    "SRFeat": {"num_blocks": 1, "num_features": 8},
    "SRMD": {"num_layers": 3, "num_features": 8},
    "SRVGG": {"num_layers": 2, "num_features": 8},
    "SRResNet": {"num_blocks": 1, "num_features": 8},
    "SelNet": {"num_blocks": 1, "num_features": 8},
    "VDSR": {"num_layers": 4, "num_features": 8},
}
# Their attention takes means over all that they see (docs/prediction.md).
GLOBAL = {"RCAN", "IMDN", "MAMNet", "DRLN", "FBCNN", "NAFNet"}
# One registered name of each class, and of some a second that is of another form.
NAMES = {pcv.model_spec(name).network.__name__: name for name in RESTORATION}
MORE = {"bicubic_x3", "esrgan_x1", "esrgan_x2", "red30_x3", "rednet20"}
CASES = sorted({*(name for kind, name in NAMES.items() if kind not in GLOBAL), *MORE})
ON_A_GRID = ("drunet_gray", "esrgan_x1", "esrgan_x2", "ffdnet_gray", "rednet20")


def test_every_family_is_here():
    assert set(NAMES) == set(SMALL) | GLOBAL


def _small(name):
    """A network, what it is, and an overlap that covers its receptive field."""
    paddle.seed(3)
    spec = pcv.model_spec(name)
    network = build_model(name, **SMALL[spec.network.__name__])
    factor = spec.scale if spec.enlarged_input else 1
    radius = math.ceil(network.receptive_radius / factor) + (2 if spec.enlarged_input else 0)
    return network, spec, math.ceil(radius / 8) * 8


def _noise(height, width):
    return np.random.RandomState(0).rand(height, width, 3).astype(np.float32)


def _predict(network, spec, picture, **options):
    return RestorationPredictor(network, spec, engine="dygraph", **options).predict(picture, **conditions_of(spec))


@pytest.mark.parametrize("name", CASES)
def test_tiled_equals_untiled(name):
    network, spec, radius = _small(name)
    tile = 2 * radius + 24
    wide = _noise(13, tile + 19)  # without the grid, the second window would start at the odd pixel 21
    for picture in (wide, np.ascontiguousarray(wide.transpose(1, 0, 2))):
        untiled = _predict(network, spec, picture, tile=1000, overlap=radius)
        assert ((untiled > 0) & (untiled < 1)).sum() > 300  # clipped values would prove nothing
        assert np.abs(_predict(network, spec, picture, tile=tile, overlap=radius) - untiled).max() < 2e-5
        if not name.startswith("nearest"):
            assert np.abs(_predict(network, spec, picture, tile=24, overlap=0) - untiled).max() > 1e-4


@pytest.mark.parametrize("name", [*ON_A_GRID, "espcn_x3"])
def test_the_self_ensemble_is_no_other_in_tiles(name):
    network, spec, radius = _small(name)
    picture, tile = _noise(13, 2 * radius + 43), 2 * radius + 24
    untiled, tiled = (
        _predict(network, spec, picture, tile=side, overlap=radius, self_ensemble=True) for side in (1000, tile)
    )
    assert np.abs(tiled - untiled).max() < 2e-5
