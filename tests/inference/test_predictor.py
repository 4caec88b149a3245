import os
import threading

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.data import imresize
from paddle_cv.engines import available_engines
from paddle_cv.inference import PredictionErrors, RestorationPredictor
from paddle_cv.metrics import psnr
from paddle_cv.pictures import ImageError
from paddle_cv.weights import cache_folder


@pytest.fixture(scope="module")
def crop(photo):
    return photo[60:140, 100:230]


def test_tiled_equals_untiled(predictor, photo):
    tiled = pcv.load("rdn_x4", tile=96).predict(photo)
    untiled = pcv.load("rdn_x4", tile=512).predict(photo)
    assert tiled.shape == (1200, 1804, 3)
    # The overlap covers the receptive field, so only the order of floating-point sums differs.
    assert np.abs(tiled.astype(int) - untiled).max() <= 1


def test_engines_agree(predictor, crop):
    dygraph = pcv.load("rdn_x4", engine="dygraph").predict(crop)
    for engine in available_engines():
        exact = pcv.load("rdn_x4", engine=engine, precision="float32").predict(crop)
        assert np.abs(exact.astype(int) - dygraph).max() <= 1
    difference = np.abs(predictor.predict(crop).astype(int) - dygraph)  # in bfloat16 where that is fast
    assert difference.max() <= 6 and difference.mean() < 0.3
    with pytest.raises(ValueError, match="no engine"):
        pcv.load("rdn_x4", engine="steam")
    with pytest.raises(ValueError, match="not available"):
        pcv.load("rdn_x4", device="gpu:99")


def test_enlarges_better_than_bicubic(predictor, crop):
    low = imresize(crop[:80, :128], 0.25)
    result = predictor.predict(low)
    assert psnr(result, crop[:80, :128]) > psnr(imresize(low, 4), crop[:80, :128]) + 0.5


def test_kinds_come_back(predictor, crop):
    small = crop[:9, :10]
    assert predictor.predict(small).dtype == np.uint8
    deep = predictor.predict(small.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    real = predictor.predict(small.astype(np.float32) / 255)
    assert real.dtype == np.float32 and real.min() >= 0 and real.max() <= 1
    assert np.abs(deep / 65535 - real).max() < 1e-4
    assert np.abs(predictor.predict(small) / 255 - real).max() < 0.5 / 255 + 1e-5
    assert np.array_equal(predictor.predict((small.astype(np.uint16) * 257).astype(">u2")), deep)
    for dtype in (np.float16, np.float64):
        both = predictor.predict([(small / 255).astype(dtype), small])
        assert both[0].dtype == dtype and both[1].dtype == np.uint8
    assert predictor.predict(small[..., 0]).shape == (36, 40)
    assert predictor.predict(small[..., :1]).shape == (36, 40, 1)
    assert predictor.predict(Image.fromarray(small)).size == (40, 36)
    assert predictor.predict(Image.fromarray(small).convert("L")).mode == "L"


def test_grey_is_the_luminance_of_the_colour_result(predictor, crop):
    grey = np.asarray(Image.fromarray(crop).convert("L"))
    color = Image.fromarray(predictor.predict(np.dstack([grey] * 3))).convert("L")
    assert np.abs(predictor.predict(grey).astype(int) - np.asarray(color)).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_tiny_and_thin_pictures(predictor, shape):
    result = predictor.predict(np.full((*shape, 3), 128, np.uint8))
    assert result.shape == (shape[0] * 4, shape[1] * 4, 3)
    assert np.abs(result.astype(int) - 128).max() < 40


def test_transparent_logo_gets_no_dark_fringe(predictor):
    # A bright disc; as usual, the transparent pixels around it are black underneath.
    y, x = np.mgrid[:48, :48]
    inside = (y - 24) ** 2 + (x - 24) ** 2 < 18**2
    logo = np.zeros((48, 48, 4), np.uint8)
    logo[inside] = (250, 220, 40, 255)
    result = predictor.predict(logo)
    assert result.shape == (192, 192, 4)
    visible = result[result[..., 3] > 0]
    assert np.abs(visible[:, :3].astype(int) - (250, 220, 40)).max() <= 12
    expected = np.asarray(Image.fromarray(logo[..., 3]).resize((192, 192), Image.Resampling.BICUBIC))
    assert np.array_equal(result[..., 3], expected)


def test_order_batches_and_errors(predictor, crop, tmp_path):
    Image.fromarray(crop[:20, :20]).save(tmp_path / "good ö.png")
    (tmp_path / "text.png").write_text("no picture")
    inputs = [crop[:8, :8], tmp_path / "text.png", str(tmp_path / "good ö.png"), tmp_path / "none.png"]
    with pytest.raises(PredictionErrors, match="2 of 4") as caught:
        predictor.predict(inputs)
    assert sorted(caught.value.errors) == [1, 3] and "text.png" in str(caught.value) and "none.png" in str(caught.value)
    results = caught.value.results
    assert results[1] is None and results[3] is None
    assert np.array_equal(results[0], predictor.predict(crop[:8, :8])) and results[2].size == (80, 80)
    assert predictor.predict([]) == []


def test_windows_in_batches(crop):
    one = pcv.load("rdn_x4", tile=64, overlap=8)
    assert np.abs(one.predict(crop, batch_size=4).astype(int) - one.predict(crop)).max() <= 1
    with pytest.raises(ValueError, match="batch_size"):
        one.predict(crop, batch_size=0)
    seen = []
    one.predict(crop, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n + 1, len(seen)) for n in range(len(seen))] and len(seen) > 2


def test_files(predictor, crop, tmp_path):
    Image.fromarray(crop[:10, :12]).save(tmp_path / "in.png")
    before = (tmp_path / "in.png").read_bytes()
    with pytest.raises(ImageError, match="overwrite"):
        predictor.predict_file(tmp_path / "in.png", tmp_path / "." / "in.png")
    assert (tmp_path / "in.png").read_bytes() == before
    target = predictor.predict_file(tmp_path / "in.png", tmp_path / "out.jpg")
    assert Image.open(target).size == (48, 40)


def test_calls_from_several_threads(predictor, crop):
    inputs = [crop[:12, n : n + 12] for n in range(8)]
    expected = predictor.predict(inputs)
    results = [None] * 8

    def work(n):
        results[n] = predictor.predict(inputs[n])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(np.array_equal(a, b) for a, b in zip(expected, results))


def test_graph_is_exported_once(crop):
    graphs = cache_folder() / f"graphs-{os.getuid()}"
    pcv.load("rdn_x4")
    before = {path: path.stat().st_mtime_ns for path in graphs.rglob("model.*")}
    pcv.load("rdn_x4")
    assert before == {path: path.stat().st_mtime_ns for path in graphs.rglob("model.*")}
    network = pcv.create_model("rdn_lite_x4")
    RestorationPredictor(network, pcv.model_spec("rdn_lite_x4"))
    assert len(list(graphs.iterdir())) == len({path.parent for path in before}) + 1


def test_cache_that_cannot_be_written(crop, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path / "file"))
    network = pcv.create_model("rdn_lite_x2")
    result = RestorationPredictor(network, pcv.model_spec("rdn_lite_x2")).predict(crop[:6, :6])
    assert result.shape == (12, 12, 3)


def test_an_rdn_without_tail_at_the_same_scale(crop, tmp_path):
    network = pcv.create_model("rdn_a_x2", num_blocks=2)
    paddle.save(network.state_dict(), str(tmp_path / "own.pdparams"))
    predictor = pcv.load("rdn_x2", weights=tmp_path / "own.pdparams")
    assert predictor.predict(crop[:6, :6]).shape == (12, 12, 3)
    with pytest.raises(ValueError, match="x2"):
        pcv.load("rdn_x4", weights=tmp_path / "own.pdparams")
