"""State dicts with the names that published checkpoints have, which differ from those of the golden fixtures."""

import re

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.weights import identify_state, load_weights, read_weights, save_state


def _renamed(*pairs):
    """From our names to published ones, by regular expressions of which the first that matches counts."""

    def rename(key):
        for ours, theirs in pairs:
            if re.search(ours, key):
                return re.sub(ours, theirs, key)
        return key

    return rename


def _numbered_rrdb(key):
    """The first ESRGAN: https://github.com/xinntao/ESRGAN before its networks got names."""
    places = {
        "conv_first": "0",
        "conv_body": "1.sub.2",
        "conv_up1": "3",
        "conv_up2": "6",
        "conv_hr": "8",
        "conv_last": "10",
    }
    layer, _, kind = key.rpartition(".")
    if layer in places:
        return f"model.{places[layer]}.{kind}"
    block = re.fullmatch(r"body\.(\d+)\.rdb(\d)\.conv(\d)", layer)
    return f"model.1.sub.{block[1]}.RDB{block[2]}.conv{block[3]}.0.{kind}"


def _numbered_rrdb_x2(key):
    moved = {"model.8": "model.5", "model.10": "model.7"}
    layer, _, kind = _numbered_rrdb(key).rpartition(".")
    return f"{moved.get(layer, layer)}.{kind}"


def _flat_rrdb(key):
    """KAIR's, in which the last convolution of a block is no sequence."""
    return _numbered_rrdb(key).replace("conv5.0.", "conv5.")


SMALL_RRDB = {"num_blocks": 2, "num_features": 8, "growth_rate": 4}
SMALL_RDN = {"num_blocks": 2, "num_layers": 2, "growth_rate": 8, "num_features": 8}
PORT_OF_RDN = (
    (r"^SFENet", "sfe"),
    (r"^RDBs\.(\d)\.convs\.(\d)\.conv\.0\.", r"rdbs.\1.layers.\2.conv."),
    (r"^RDBs\.(\d)\.LFF", r"rdbs.\1.lff"),
    ("^GFF", "gff"),
)
EDSR_OF_BASICSR = (
    (r"^head\.0", "conv_first"),
    (r"^body\.(\d)\.body\.0", r"body.\1.conv1"),
    (r"^body\.(\d)\.body\.2", r"body.\1.conv2"),
    (r"^body\.2\.", "conv_after_body."),
    (r"^tail\.0", "upsample"),
    (r"^tail\.1", "conv_last"),
)
RCAN_OF_BASICSR = (
    (r"^head\.0", "conv_first"),
    (r"^body\.(\d)\.body\.(\d)\.body\.3\.conv_du\.0", r"body.\1.residual_group.\2.rcab.3.attention.1"),
    (r"^body\.(\d)\.body\.(\d)\.body\.3\.conv_du\.2", r"body.\1.residual_group.\2.rcab.3.attention.3"),
    (r"^body\.(\d)\.body\.(\d)\.body", r"body.\1.residual_group.\2.rcab"),
    (r"^body\.(\d)\.body\.3", r"body.\1.conv"),
    (r"^body\.2\.", "conv_after_body."),
    (r"^tail\.0", "upsample"),
    (r"^tail\.1", "conv_last"),
)
EDSR_OF_MMEDITING = (
    (r"^tail\.0\.0", "upsample.0.upsample_conv"),
    (r"^tail\.0\.2", "upsample.1.upsample_conv"),
    *EDSR_OF_BASICSR,
)

# Lornatang's ports, of which EDSR and RCAN have the mean colour once for both shifts.
TRUNK = (
    (r"^head\.0", "conv1"),
    (r"^tail\.1", "conv3"),
    (r"^tail\.0\.(\d)", lambda match: f"upsampling.{int(match[1]) // 2}.upsample_block.0"),
)
EDSR_OF_TRUNK = (
    (r"^body\.2\.(weight|bias)", r"conv2.\1"),
    (r"^body\.(\d)\.body\.([02])", lambda match: f"trunk.{match[1]}.conv{int(match[2]) // 2 + 1}"),
    *TRUNK,
)
RCAN_OF_TRUNK = (
    (r"^body\.2\.(weight|bias)", r"conv2.\1"),
    (
        r"^body\.(\d)\.body\.(\d)\.body\.3\.conv_du\.([02])",
        lambda match: (
            f"trunk.{match[1]}.residual_group.{match[2]}.residual_channel_attention_block.3"
            f".channel_attention_layer.{int(match[3]) + 1}"
        ),
    ),
    (
        r"^body\.(\d)\.body\.(\d)\.body\.([02])",
        r"trunk.\1.residual_group.\2.residual_channel_attention_block.\3",
    ),
    (r"^body\.(\d)\.body\.3\.", r"trunk.\1.residual_group.3."),
    *TRUNK,
)

# Who has the names, one of our networks, hyperparameters that make it small, and the names.
LAYOUTS = {
    "first ESRGAN": ("esrgan_x4", SMALL_RRDB, _numbered_rrdb),
    "first ESRGAN x2": ("esrgan_unfolded_x2", SMALL_RRDB, _numbered_rrdb_x2),
    "BSRGAN x2": (
        "esrgan_unfolded_x2",
        SMALL_RRDB,
        _renamed(
            (r"^body\.(\d)\.rdb(\d)", r"RRDB_trunk.\1.RDB\2"),
            ("conv_body", "trunk_conv"),
            ("conv_up", "upconv"),
            ("conv_hr", "HRconv"),
        ),
    ),
    "KAIR's ESRGAN": ("esrgan_x4", SMALL_RRDB, _flat_rrdb),
    "Real-ESRGAN x2": ("esrgan_x2", SMALL_RRDB, _renamed()),
    "KAIR's MSRResNet": ("msrresnet_x4", {"num_blocks": 2}, _renamed((r"^body", "recon_trunk"), ("conv_hr", "HRconv"))),
    "MMEditing's MSRResNet": (
        "msrresnet_x4",
        {"num_blocks": 2},
        _renamed(
            (r"^body", "generator.trunk_net"),
            (r"^upconv(\d)", r"generator.upsample\1.upsample_conv"),
            ("^", "generator."),
        ),
    ),
    "a port of RDN x2": ("rdn_b_x2", SMALL_RDN, _renamed(*PORT_OF_RDN, (r"UPNet\.2", "output"), ("UPNet", "upscale"))),
    "a port of RDN x4": ("rdn_b_x4", SMALL_RDN, _renamed(*PORT_OF_RDN, (r"UPNet\.4", "output"), ("UPNet", "upscale"))),
    "a port of VDSR": (
        "vdsr_nobias_x2",
        {},
        _renamed(
            (r"^conv1\.", "conv1.0."),
            (r"^conv20\.", "conv2."),
            (r"^conv(\d+)\.", lambda match: f"trunk.{int(match[1]) - 2}.conv."),
        ),
    ),
    "VDSR with underscores": (
        "vdsr_x2",
        {"in_channels": 3},
        _renamed(
            (r"^conv(1|20)\.", r"conv_\1."),
            (r"^conv(\d+)\.", r"conv_2_to_19.conv_\1."),
        ),
    ),
    "VDSR with underscores alone": ("vdsr_x2", {}, _renamed((r"^conv(\d+)\.", r"conv_\1."))),
    "VDSR with input_conv": (
        "vdsr_nobias_x2",
        {"num_layers": 12},
        _renamed(
            (r"^conv1\.", "input_conv."),
            (r"^conv12\.", "output_conv."),
            (r"^conv(\d+)\.", lambda match: f"conv_layers.{2 * int(match[1]) - 4}."),
        ),
    ),
    "VDSR with blocks": (
        "vdsr_x2",
        {},
        _renamed(
            (r"^conv1\.", "input.0."),
            (r"^conv20\.", "output."),
            (r"^conv(\d+)\.", lambda match: f"body.layers.{int(match[1]) - 2}.conv.0."),
        ),
    ),
    "ESPCN with underscores": (
        "espcn_x3",
        {},
        _renamed((r"^first_part\.0", "conv_1"), (r"^first_part\.2", "conv_2"), (r"^last_part\.0", "conv_3")),
    ),
    "a port of ESRGAN": (
        "esrgan_x4",
        SMALL_RRDB,
        _renamed(
            ("^conv_first", "conv1"),
            ("^body", "trunk"),
            ("^conv_body", "conv2"),
            (r"^conv_up(\d)", r"upsampling\1.0"),
            ("^conv_hr", "conv3.0"),
            ("^conv_last", "conv4"),
        ),
    ),
    "a port of DnCNN without batch norm": (
        "dncnn_gray_s15_merged",
        {"num_layers": 5},
        _renamed(
            (r"^model\.8\.", "layers.4."),
            (r"^model\.(\d)", lambda match: f"layers.{int(match[1]) // 2}.0"),
        ),
    ),
    "a port of SRCNN": (
        "srcnn_915_x2",
        {},
        _renamed((r"^conv1", "features.0"), (r"^conv2", "map.0"), (r"^conv3", "reconstruction")),
    ),
    "a port of FSRCNN": (
        "fsrcnn_x2",
        {},
        _renamed(
            (r"^first_part", "feature_extraction"),
            (r"^mid_part\.([01])\.", r"shrink.\1."),
            (r"^mid_part\.(1[01])\.", lambda match: f"expand.{int(match[1]) - 10}."),
            (r"^mid_part\.(\d)\.", lambda match: f"map.{int(match[1]) - 2}."),
            (r"^last_part", "deconv"),
        ),
    ),
    "a port of ESPCN": ("espcn_x3", {}, _renamed((r"^first_part", "feature_maps"), (r"^last_part", "sub_pixel"))),
    "EDSR with a prefix": ("edsr_baseline_x2", {"num_blocks": 2}, _renamed(("^", "model."))),
    "DnCNN with a prefix": ("dncnn_gray_s15_merged", {"num_layers": 5}, _renamed(("^", "net.module."))),
}


def _published(network, rename):
    """As PyTorch has them: without our own entries, with the slopes of PReLUs called weights."""
    state = {k: v.numpy() for k, v in network.state_dict().items() if not k.startswith("stored_")}
    return {rename(key).replace("._weight", ".weight"): value for key, value in state.items()}


@pytest.mark.parametrize("name, small, rename", LAYOUTS.values(), ids=LAYOUTS)
def test_published_names_are_recognised(name, small, rename):
    network = pcv.create_model(name, **small)
    state = _published(network, rename)
    spec, entries = identify_state(state)
    assert spec.network is type(network) and spec.scale == pcv.model_spec(name).scale
    again = spec.network(**spec.hyperparameters)
    load_weights(again, entries)
    for key, value in network.state_dict().items():
        assert key.startswith("stored_") or np.array_equal(again.state_dict()[key].numpy(), value.numpy()), key


@pytest.mark.parametrize(
    "name, small, rename, rgb_range",
    [
        ("edsr_baseline_x4", {"num_blocks": 2}, EDSR_OF_BASICSR, 255),
        ("edsr_baseline_x4", {"num_blocks": 2}, EDSR_OF_MMEDITING, 1),
        ("rcan_x4", {"num_groups": 2, "num_blocks": 3}, RCAN_OF_BASICSR, 255),
    ],
    ids=["EDSR of BasicSR", "EDSR of MMEditing", "RCAN of BasicSR"],
)
def test_a_mean_colour_outside_the_state_dict(name, small, rename, rgb_range, tmp_path):
    theirs = pcv.create_model(name, rgb_range=rgb_range, **small)
    state = {k: v for k, v in _published(theirs, _renamed(*rename)).items() if "_mean" not in k}
    paddle.save({"params": state}, str(tmp_path / "published.pdparams"))
    x = paddle.rand([1, 3, 6, 7])
    ours = pcv.create_model(name, pretrained=tmp_path / "published.pdparams", **small)
    found, spec = pcv.from_checkpoint(tmp_path / "published.pdparams")
    assert spec.scale == 4
    for network in (theirs, ours, found):
        network.eval()
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).numpy(), atol=1e-4)
    np.testing.assert_allclose(found(x).numpy(), theirs(x).numpy(), atol=1e-4)


@pytest.mark.parametrize(
    "name, small, rename",
    [
        ("edsr_baseline_x4", {"num_blocks": 2}, EDSR_OF_TRUNK),
        ("rcan_x4", {"num_groups": 2, "num_blocks": 3}, RCAN_OF_TRUNK),
    ],
    ids=["EDSR", "RCAN"],
)
def test_a_mean_colour_for_both_shifts(name, small, rename, tmp_path):
    theirs = pcv.create_model(name, **small)
    state = {k: v for k, v in _published(theirs, _renamed(*rename)).items() if "_mean" not in k}
    shown = {
        "mean": np.array([0.4488, 0.4371, 0.4040], np.float32).reshape(1, 3, 1, 1),
        "std": np.ones((1, 3, 1, 1), "f4"),
    }
    save_state({**state, **shown}, tmp_path / "published.pdparams")
    x = paddle.rand([1, 3, 6, 7])
    ours = pcv.create_model(name, pretrained=tmp_path / "published.pdparams", **small)
    found, spec = pcv.from_checkpoint(tmp_path / "published.pdparams")
    assert spec.scale == 4
    for network in (theirs, ours, found):
        network.eval()
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).numpy(), atol=1e-5)
    np.testing.assert_allclose(found(x).numpy(), theirs(x).numpy(), atol=1e-5)
    # Another mean colour is another network.
    save_state({**state, **shown, "mean": 0 * shown["mean"]}, tmp_path / "other.pdparams")
    with pytest.raises(ValueError, match="no network known"):
        pcv.from_checkpoint(tmp_path / "other.pdparams")


def test_a_port_of_dncnn_in_blocks(tmp_path):
    """yjn870's: `layers.3.0`, `layers.3.1`; PyTorch's epsilon."""
    theirs = pcv.create_model("dncnn_color_blind", num_layers=5)
    theirs.eval()
    published = {}
    for key, value in _published(theirs, lambda key: key).items():
        _, place, kind = key.split(".")
        number, part = (0, 0) if place == "0" else (1 + (int(place) - 2) // 3, (int(place) - 2) % 3)
        kind = {"_mean": "running_mean", "_variance": "running_var"}.get(kind, kind)
        value = np.full_like(value, 1e-3) if kind == "running_var" else value
        published[f"layers.4.{kind}" if number == 4 else f"layers.{number}.{part}.{kind}"] = value
    for layer in theirs.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            layer._variance.set_value(paddle.full_like(layer._variance, 1e-3))
            layer._epsilon = 1e-5
    save_state(published, tmp_path / "net.pdparams")
    ours, spec = pcv.from_checkpoint(tmp_path / "net.pdparams")
    assert spec.hyperparameters["num_layers"] == 5 and spec.in_channels == 3
    x = paddle.rand([1, 3, 9, 8])
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).numpy(), atol=1e-4)


@pytest.mark.parametrize("layers", [("input", "conv1", "conv2", "output"), ("conv1", "conv2", "conv3", "conv4")])
def test_order_and_shape_alone_say_nothing(layers):
    """Layers of the shapes of a VDSR's, or of an ESPCN's with ReLU, under names that say nothing of the kind."""
    shapes = [(64, 1, 3, 3), (64, 64, 3, 3), (64, 64, 3, 3), (1, 64, 3, 3)]
    state = {f"{layer}_a.weight": np.zeros(shape, "f4") for layer, shape in zip(layers, shapes)}
    assert identify_state(state) is None


@pytest.mark.parametrize("first_bias", [False, True], ids=["no biases", "one bias"])
def test_ports_of_dncnn_without_biases(first_bias, tmp_path):
    """One has PyTorch's epsilon, the author's own has ours; what they compute is the same after the conversion."""
    paddle.seed(2)
    theirs = pcv.create_model("dncnn_gray_s25")
    theirs.eval()
    state = {}
    for key, value in _published(theirs, lambda key: key).items():
        if value.ndim == 4 or not re.fullmatch(r"model\.(0|2|5|8|11|14|17|20|23|26|29|32|35|38|41|44|47)\.bias", key):
            state[key] = value
        elif first_bias and key == "model.0.bias":
            state[key] = np.full_like(value, 0.1)
    for layer in theirs.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            layer._variance.set_value(paddle.full_like(layer._variance, 1e-3))
            layer._epsilon = layer._epsilon if first_bias else 1e-5
        elif isinstance(layer, paddle.nn.Conv2D):
            layer.bias.set_value(paddle.zeros_like(layer.bias))
    if first_bias:
        theirs.model[0].bias.set_value(paddle.full_like(theirs.model[0].bias, 0.1))
    torch_names = {"_mean": "running_mean", "_variance": "running_var"}
    published = {}
    for key, value in state.items():
        stem, _, last = key.rpartition(".")
        value = np.full_like(value, 1e-3) if last == "_variance" else value
        published[f"module.dncnn.{stem.partition('.')[2]}.{torch_names.get(last, last)}"] = value
    save_state(published, tmp_path / "net.pdparams")
    ours = pcv.create_model("dncnn_gray_s25", pretrained=tmp_path / "net.pdparams")
    ours.eval()
    x = paddle.rand([1, 1, 9, 8])
    noise = x - theirs(x)
    assert float(noise.std()) > 0
    np.testing.assert_allclose((x - ours(x)).numpy(), noise.numpy(), atol=1e-5 * float(noise.abs().max()))


def test_weights_for_255_that_do_not_tell(tmp_path, caplog):
    """DRLN's authors feed 0...255 and subtract a mean colour in [0, 1] from it."""
    theirs = pcv.create_model("drln_x2", num_features=16, reduction=4)
    theirs.eval()
    save_state(_published(theirs, lambda key: key.replace("_mean.", "_mean.shifter.")), tmp_path / "drln.pdparams")
    ours = pcv.create_model("drln_x2", num_features=16, reduction=4)
    load_weights(ours, read_weights(tmp_path / "drln.pdparams", ours, for_255=True))
    ours.eval()
    x = paddle.rand([1, 3, 6, 5])
    np.testing.assert_allclose(ours(x).numpy(), theirs(255 * x).numpy() / 255, atol=1e-4)
    assert "--for-255" not in caplog.text
    read_weights(tmp_path / "drln.pdparams", ours)
    assert "tools/convert.py --for-255" in caplog.text
    with pytest.raises(ValueError, match="no mean colour"):
        read_weights(tmp_path / "drln.pdparams", pcv.create_model("espcn_x3"), for_255=True)


def test_other_surplus_entries_are_still_an_error(tmp_path):
    network = pcv.create_model("espcn_x3")
    state = {f"model.{key}": value for key, value in _published(network, lambda key: key).items()}
    paddle.save({"state_dict": {**state, "model.mask": np.ones(3)}}, str(tmp_path / "more.pdparams"))
    with pytest.raises(ValueError, match="surplus: mask"):
        load_weights(network, read_weights(tmp_path / "more.pdparams", network))
    with pytest.raises(ValueError, match="no network known"):
        pcv.from_checkpoint(tmp_path / "more.pdparams")
