"""Chains, the self-ensemble and other final sizes."""

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.data import imresize
from paddle_cv.data.srmd import kernel_basis
from paddle_cv.engines.runtime import Engine
from paddle_cv.inference import Chain, PredictionErrors, RestorationPredictor
from paddle_cv.models import build_model
from paddle_cv.pictures import ImageError


def _load(name, **options):
    paddle.seed(5)
    network = build_model(name)
    if name.startswith("srmd"):
        network.kernels.basis.set_value(kernel_basis().astype(np.float32))
    return RestorationPredictor(network, pcv.model_spec(name), engine="dygraph", **options)


@pytest.fixture(scope="module")
def crop(photo):
    return photo[100:124, 200:235]


def test_chain_is_one_after_the_other_without_rounding(crop):
    noise, large = _load("dncnn_gray_s25"), _load("bicubic_x3")
    chain = Chain([noise, large])
    assert chain.scale == 3
    between = noise.predict(crop.astype(np.float32) / 255)
    expected = np.rint(large.predict(between) * np.float32(255)).astype(np.uint8)
    assert np.abs(chain.predict(crop).astype(int) - expected).max() <= 1  # float32 sums
    assert (chain.predict(crop) == expected).mean() > 0.999
    assert not np.array_equal(large.predict(noise.predict(crop)), expected)  # what rounding would give


def test_chain_by_load(crop):
    chain = pcv.load(["bicubic_x2", "nearest_x2"], engine="dygraph", outscale=3, max_megapixels=1)
    assert isinstance(chain, Chain) and (chain.scale, chain.outscale, chain.max_megapixels) == (4, 3, 1)
    assert chain.predict(crop).shape == (72, 105, 3)
    assert chain.predict(np.dstack([crop, crop[..., 0]])).shape == (72, 105, 4)
    with pytest.raises(ValueError, match="list of as many weights"):
        pcv.load(["bicubic_x2", "nearest_x2"], weights="some.pdparams")
    with pytest.raises(ValueError, match="make pictures of pictures"):
        Chain([])


def test_conditions_go_to_the_first_network_that_takes_them(crop):
    denoiser, srmd = _load("ffdnet_color"), _load("srmd_x2")
    given = []
    for predictor in (denoiser, srmd):
        prepare = predictor.prepare
        predictor.prepare = lambda prepare=prepare, **c: given.append(c) or prepare(**c)
    kernel = np.full((15, 15), 1 / 225)
    Chain([denoiser, srmd]).predict(crop[:8, :8], noise_level=5, kernel=kernel)
    assert given == [{"noise_level": 5}, {"kernel": kernel}]
    with pytest.raises(ValueError, match="needs noise_level"):
        Chain([srmd, denoiser]).predict(crop[:8, :8], noise_level=5)
    with pytest.raises(ValueError, match="takes degradation"):
        Chain([_load("bicubic_x2")]).predict(crop, degradation=[1])


def test_progress_over_a_chain(crop):
    seen = []
    chain = Chain([_load("bicubic_x2", tile=16, overlap=3), _load("bicubic_x2", tile=32, overlap=3)])
    chain.predict(crop, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n + 1, len(seen)) for n in range(len(seen))] and len(seen) == 2 * 3 + 2 * 3


def test_self_ensemble_is_the_mean_over_eight_orientations(crop):
    plain, ensemble = (_load("espcn_x3", self_ensemble=value) for value in (False, True))
    # Of an array of floating-point numbers; those below 0 are clipped, so all are brought to the middle first.
    for predictor in (plain, ensemble):
        engine = predictor.engine
        predictor.engine = Engine(lambda x, engine=engine: 0.5 + 0.3 * np.tanh(engine(x)))
    x = crop[..., 0].astype(np.float32) / 255
    total = np.zeros((72, 105))
    for turns in range(4):
        total += np.rot90(plain.predict(np.rot90(x, turns).copy()), -turns)
        total += np.rot90(plain.predict(np.rot90(x, turns)[:, ::-1].copy())[:, ::-1], -turns)
    assert np.abs(ensemble.predict(x) - total / 8).max() < 1e-5
    assert np.abs(plain.predict(x) - total / 8).max() > 1e-3


def test_self_ensemble_of_a_symmetric_rule_changes_nothing(crop):
    plain, ensemble = (_load("bicubic_x2", self_ensemble=value).predict(crop) for value in (False, True))
    assert np.abs(plain.astype(int) - ensemble).max() <= 1


def test_self_ensemble_needs_a_blur_without_direction(crop):
    predictor = _load("srmd_x2", self_ensemble=True)
    motion = np.zeros((15, 15))
    motion[7, 4:11] = 1 / 7
    with pytest.raises(ValueError, match="the same in all orientations"):
        predictor.predict(crop[:8, :8], kernel=motion)
    assert predictor.predict(crop[:8, :8], kernel=np.full((15, 15), 1 / 225)).shape == (16, 16, 3)


@pytest.mark.parametrize("outscale", [0.5, 1, 1.7, 3, 5])
def test_other_final_sizes(crop, outscale):
    predictor = _load("bicubic_x3", outscale=outscale)
    size = (round(24 * outscale), round(35 * outscale))
    assert predictor.result_size(24, 35) == size
    result = predictor.predict(np.dstack([crop, crop[..., 0]]))
    assert result.shape == (*size, 4)
    enlarged = Image.fromarray(_load("bicubic_x3").predict(crop))
    assert np.array_equal(result[..., :3], enlarged.resize(size[::-1], Image.Resampling.LANCZOS))
    deep = predictor.predict(crop.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16 and np.abs(deep / 257 - result[..., :3]).max() < 2
    assert predictor.predict(np.ones((1, 1), np.float32)).shape == (max(1, round(outscale)),) * 2


def test_wrong_outscale():
    for value in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="outscale"):
            _load("bicubic_x3", outscale=value)


def test_limits_hold_for_files_of_a_list(tmp_path, crop):
    Image.fromarray(crop).save(tmp_path / "a.png")
    predictor = _load("bicubic_x2", max_megapixels=0.0008)
    with pytest.raises(PredictionErrors, match="a.png: 35 x 24 pixels"):
        predictor.predict([tmp_path / "a.png"])
    assert predictor.predict(crop).shape == (48, 70, 3)  # an array is in memory already


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path):
    Image.fromarray(np.zeros((1, 9000), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(tmp_path / "b.png")
    predictor = _load("bicubic_x2")
    predictor.compute = None
    for source, target, reason in (
        ("a.png", "a.webp", "16383"),
        ("b.png", "b.jpg", "transparency"),
        ("b.png", "b", "format"),
    ):
        with pytest.raises(ImageError, match=reason):
            predictor.predict_file(tmp_path / source, tmp_path / target)


def test_not_enough_memory_is_an_error_of_that_picture(crop):
    predictor = _load("bicubic_x2")
    predictor.compute = lambda *_: np.empty(2**58)
    with pytest.raises(PredictionErrors, match="input 0: not enough memory for 70 x 48 pixels"):
        predictor.predict([crop])


def test_enlarging_gives_what_imresize_gives(crop):
    assert np.abs(_load("bicubic_x2").predict(crop).astype(int) - imresize(crop, 2)).max() <= 1
