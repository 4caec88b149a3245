"""Prediction with every family: the same call, whatever the network takes."""

import numpy as np
import pytest
from scipy.io import savemat

import paddle_cv as pcv
from paddle_cv.data import imresize, rgb_to_ycbcr
from paddle_cv.data.srmd import bicubic_degradation, gaussian_kernel, kernel_basis
from paddle_cv.inference import RestorationPredictor
from paddle_cv.inference.conditions import condition_inputs
from paddle_cv.models import build_model
from paddle_cv.weights import save_state

RESTORATION = [name for task in ("super_resolution", "denoising") for name in pcv.list_models(task=task)]
# The last registered name of each class and number of channels.
ONE_EACH = list(
    {(pcv.model_spec(name).network, pcv.model_spec(name).in_channels): name for name in RESTORATION}.values()
)
CONDITIONS = {"sigma": {"noise_level": 25}, "degradation": {"degradation": [0.1] * 16}}


def conditions_of(spec):
    given = {}
    for name, shape in spec.extra_inputs.items():
        for argument, value in CONDITIONS[name].items():
            given[argument] = value[: shape[0]] if isinstance(value, list) else value
    return given


@pytest.mark.parametrize("name", ONE_EACH)
def test_colour_and_grey(name, photo):
    spec = pcv.model_spec(name)
    predictor = RestorationPredictor(build_model(name), spec, engine="dygraph")
    factor = spec.scale or 1
    crop = photo[100:118, 200:221]
    color = predictor.predict(crop, **conditions_of(spec))
    assert color.shape == (18 * factor, 21 * factor, 3) and color.dtype == np.uint8
    assert predictor.predict(crop[..., 0], **conditions_of(spec)).shape == (18 * factor, 21 * factor)


@pytest.mark.parametrize(
    "name", ["espcn_x3", "vdsr_x2", "dncnn_gray_s25", "drunet_gray", "srmdnf_x2", "carn_m_x4", "lapsrn_x2"]
)
def test_exported_graph_gives_the_same(name, photo):
    spec = pcv.model_spec(name)
    network = build_model(name)
    crop = photo[100:124, 200:221].astype(np.float32) / 255
    results = [
        RestorationPredictor(network, spec, engine=engine).predict(crop, **conditions_of(spec))
        for engine in ("dygraph", "paddle_inference")
    ]
    assert np.abs(results[0] - results[1]).max() < 2e-3


@pytest.mark.parametrize(
    "name", ["espcn_x3", "srcnn_x2", "dncnn_gray_s25", "dncnn_color_blind", "carn_m_x2", "fsrcnn_x4"]
)
def test_tiled_equals_untiled(name, photo):
    spec, network = pcv.model_spec(name), build_model(name)
    network.eval()
    crop = photo[60:160, 200:330]
    tiled, untiled = (
        RestorationPredictor(network, spec, engine="dygraph", tile=tile).predict(crop) for tile in (80, 400)
    )
    assert np.abs(tiled.astype(int) - untiled).max() <= 1


def test_interpolation_needs_no_weights(photo):
    crop = photo[100:130, 200:240]
    assert np.abs(pcv.load("bicubic_x3", precision="float32").predict(crop).astype(int) - imresize(crop, 3)).max() <= 1


def test_luminance_networks_leave_the_colour_to_interpolation(photo):
    """With a network that gives back its (enlarged) input, the result is bicubic enlargement."""
    spec = pcv.model_spec("vdsr_x2")
    network = build_model("vdsr_x2")
    for parameter in network.parameters():
        parameter.set_value(np.zeros(parameter.shape, np.float32))
    crop = photo[100:130, 200:240]
    result = RestorationPredictor(network, spec, engine="dygraph").predict(crop).astype(int)
    assert np.abs(result - imresize(crop, 2)).max() <= 1
    assert np.abs(rgb_to_ycbcr(result) - rgb_to_ycbcr(imresize(crop, 2))).max() <= 2


def test_conditions_are_checked(photo):
    predictor = RestorationPredictor(build_model("ffdnet_gray"), pcv.model_spec("ffdnet_gray"), engine="dygraph")
    with pytest.raises(ValueError, match="needs noise_level"):
        predictor.predict(photo[:8, :8])
    with pytest.raises(ValueError, match="takes no degradation"):
        predictor.predict(photo[:8, :8], noise_level=5, degradation=[1])
    network = build_model("srmd_x2")
    network.kernels.basis.set_value(kernel_basis().astype(np.float32))
    srmd = RestorationPredictor(network, pcv.model_spec("srmd_x2"), engine="dygraph")
    with pytest.raises(ValueError, match="16 are needed"):
        srmd.predict(photo[:8, :8], degradation=[0.5])
    with pytest.raises(ValueError, match="15 x 15"):
        srmd.predict(photo[:8, :8], kernel=np.ones((3, 3)) / 9)
    with pytest.raises(ValueError, match="takes no noise_level"):
        condition_inputs(pcv.model_spec("srmdnf_x2"), noise_level=3)
    with pytest.raises(ValueError, match="takes no noise_level"):
        pcv.load("rdn_x4", engine="dygraph").predict(photo[:8, :8], noise_level=5)
    with pytest.raises(ValueError, match="discriminator"):
        RestorationPredictor(build_model("srgan_discriminator"), pcv.model_spec("srgan_discriminator"))


def test_srmd_is_told_kernel_and_noise(photo):
    spec = pcv.model_spec("srmd_x2")
    [plain] = condition_inputs(spec, basis=kernel_basis())
    assert np.array_equal(plain.ravel(), bicubic_degradation())
    kernel = gaussian_kernel(1.6)
    [told] = condition_inputs(spec, noise_level=51, kernel=kernel, basis=kernel_basis())
    assert told[15, 0, 0] == pytest.approx(0.2)
    # The coefficients hold nearly all of the kernel.
    assert np.abs(kernel_basis().T @ told[:15].ravel() - kernel.ravel()).max() < 0.02 * kernel.max()
    network = build_model("srmd_x2")
    network.kernels.basis.set_value(kernel_basis().astype(np.float32))
    predictor = RestorationPredictor(network, spec, engine="dygraph")
    crop = photo[100:110, 200:212]
    assert predictor.predict(crop).shape == (20, 24, 3)
    assert not np.array_equal(predictor.predict(crop, kernel=kernel, noise_level=25), predictor.predict(crop))


def test_weights_of_the_named_scale_are_taken(tmp_path, photo):
    """A deconvolution does not show its scale: the name that was asked for decides."""
    import paddle

    network = build_model("fsrcnn_x3")
    state = {key: value for key, value in network.state_dict().items() if not key.startswith("stored_")}
    paddle.save(state, str(tmp_path / "fsrcnn.pdparams"))
    predictor = pcv.load("fsrcnn_x3", weights=tmp_path / "fsrcnn.pdparams", engine="dygraph")
    assert predictor.predict(photo[:6, :7]).shape == (18, 21, 3)
    paddle.save(network.state_dict(), str(tmp_path / "own.pdparams"))
    assert pcv.from_checkpoint(tmp_path / "own.pdparams")[1].name == "fsrcnn_x3"


def test_srmd_needs_the_components_that_its_weights_were_trained_with(photo, tmp_path):
    """The authors' file of weights has none, and with ours they gave 20 dB in place of 31.9."""
    spec, network, crop = pcv.model_spec("srmd_x2"), build_model("srmd_x2", num_layers=3, num_features=8), photo[:8, :8]
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    theirs = {key: value for key, value in state.items() if not key.startswith("kernels.")}
    save_state(theirs, tmp_path / "theirs.pdparams")
    save_state({**theirs, "kernels.basis": kernel_basis().astype(np.float32)}, tmp_path / "ours.pdparams")
    with pytest.raises(ValueError, match=r"came without the principal components .*--kernel-basis"):
        pcv.load("srmd_x2", tmp_path / "theirs.pdparams", engine="dygraph").predict(crop)
    ours = pcv.load("srmd_x2", tmp_path / "ours.pdparams", engine="dygraph").predict(crop)
    # MATLAB has kernels column by column.
    turned = kernel_basis().reshape(15, 15, 15).transpose(0, 2, 1).reshape(15, 225)
    savemat(tmp_path / "pca.mat", {"P": turned})
    np.save(tmp_path / "pca.npy", kernel_basis())
    kernel = gaussian_kernel(2, 0.5, 0.3)
    for name in ("pca.mat", "pca.npy"):
        options = {"engine": "dygraph", "kernel_basis": tmp_path / name}
        predictor = pcv.load("srmd_x2", tmp_path / "theirs.pdparams", **options)
        assert np.array_equal(predictor.predict(crop), ours)
        assert np.allclose(predictor.prepare(kernel=kernel)[0].ravel()[:15], kernel_basis() @ kernel.ravel(), atol=1e-6)
    assert pcv.from_checkpoint(tmp_path / "ours.pdparams")[0].kernel_basis.shape == (15, 225)
    (tmp_path / "damaged.mat").write_bytes(b"MATLAB 5.0")
    np.save(tmp_path / "other.npy", np.zeros((3, 3)))
    for name, message in (("damaged.mat", "cannot be read"), ("other.npy", "no matrix of 15 x 225")):
        with pytest.raises(ValueError, match=message):
            RestorationPredictor(network, spec, engine="dygraph", kernel_basis=tmp_path / name)
    with pytest.raises(FileNotFoundError):
        RestorationPredictor(network, spec, engine="dygraph", kernel_basis=tmp_path / "none.mat")
    with pytest.raises(ValueError, match="takes no kernel_basis"):
        pcv.load("rdn_x4", engine="dygraph", kernel_basis=tmp_path / "pca.npy")
