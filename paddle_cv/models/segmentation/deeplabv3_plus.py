"""DeepLabv3+: Liang-Chieh Chen, Yukun Zhu, George Papandreou, Florian Schroff, Hartwig Adam,
"Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", ECCV 2018 (arXiv:1802.02611).

DeepLabv3 (deeplabv3.py) with separable convolutions, and a decoder that adds details: the features of the ASPP, enlarged, are
put beside low-level features at 1/4 of the image's sides.

Agrees with PaddleSeg's networks, whose weights load. They come in two forms. That of PaddleSeg 2 has biases before the
normalisations of its head and no activation between a depthwise and its pointwise convolution. `static_form` is the one
before it, from which PaddleHub's deeplabv3p_xception65_humanseg was exported: no biases, a ReLU also after each depthwise
convolution, resizing that aligns the corners, and the low-level features from inside Xception's second block, as in the
authors' TensorFlow program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
import paddle
from paddle import nn

from ..classification.mobilenet_v2 import MobileNetV2
from ..classification.mobilenet_v3 import MobileNetV3
from ..classification.resnet import ResNet
from ..detection import detector
from ..layers import count_layers, resize_like, store
from ..network import Network
from ..registry import build_model, register_model
from .base import IMAGENET, SegmentationSpec

__all__ = ["DeepLabV3Plus"]

PAPER = (
    "Chen, Zhu, Papandreou, Schroff, Adam: "
    "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation, ECCV 2018"
)


def conv_bn_relu(in_channels: int, out_channels: int, bias: bool) -> list[nn.Layer]:
    """A 1x1 convolution, its normalisation and ReLU."""
    conv = nn.Conv2D(in_channels, out_channels, 1, bias_attr=None if bias else False)
    return [conv, nn.BatchNorm2D(out_channels), nn.ReLU()]


class SeparableConv(nn.Layer):
    """A 3x3 convolution of each channel by itself and a 1x1 convolution, each normalised, then ReLU; `relu`: also between."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int = 1, bias: bool = True, relu: bool = False):
        super().__init__()
        depthwise = nn.Conv2D(
            in_channels,
            in_channels,
            3,
            padding=dilation,
            dilation=dilation,
            groups=in_channels,
            # Paddle's default would divide by the number of channels, which these kernels do not see.
            weight_attr=nn.initializer.KaimingNormal(),
            bias_attr=None if bias else False,
        )
        self.depthwise = nn.Sequential(depthwise, nn.BatchNorm2D(in_channels), *([nn.ReLU()] if relu else []))
        self.pointwise = nn.Sequential(*conv_bn_relu(in_channels, out_channels, bias))

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class ASPP(nn.Layer):
    """A 1x1 convolution, dilated separable ones and the mean of the image, side by side, and their projection."""

    def __init__(self, in_channels: int, out_channels: int, rates: Sequence[int], static_form: bool):
        super().__init__()
        bias, relu = not static_form, static_form
        self.branches = nn.LayerList(
            [
                nn.Sequential(*conv_bn_relu(in_channels, out_channels, bias)),
                *(SeparableConv(in_channels, out_channels, rate, bias, relu) for rate in rates),
            ]
        )
        self.pooling = nn.Sequential(nn.AdaptiveAvgPool2D(1), *conv_bn_relu(in_channels, out_channels, bias=False))
        self.project = nn.Sequential(
            *conv_bn_relu((len(rates) + 2) * out_channels, out_channels, bias), nn.Dropout(0.1)
        )

    def forward(self, x):
        maps = [branch(x) for branch in self.branches]
        return self.project(paddle.concat([*maps, resize_like(self.pooling(x), x)], axis=1))


class Backbone(NamedTuple):
    """How a classifier is used: its registered name and options, the usual output stride, and places in its `feature_info`."""

    name: str
    options: Mapping[str, Any]
    output_stride: int
    low: int
    high: int


BACKBONES = {
    "resnet50_vd": Backbone("resnet50_vd", {"multi_grid": (1, 2, 4)}, 8, 1, 4),
    "resnet101_vd": Backbone("resnet50_vd", {"depths": (3, 4, 23, 3), "multi_grid": (1, 2, 4)}, 8, 1, 4),
    "mobilenet_v2": Backbone("mobilenet_v2", {"always_expand": True}, 32, 3, 17),
    "mobilenet_v3_large": Backbone("mobilenet_v3_large", {"paddle_form": True}, 32, 3, 15),
    "squeezenet1_0": Backbone("squeezenet1_0", {"padding": True}, 16, 1, 3),
    "xception41": Backbone("xception41", {}, 16, 0, 4),
    "xception65": Backbone("xception65", {}, 16, 0, 4),
}


class DeepLabV3Plus(Network):
    """DeepLabv3+: (N, 3, H, W), standardised RGB, -> logits (N, num_classes, H, W).

    Args:
        backbone: A key of `BACKBONES`.
        num_classes: Number of classes.
        output_stride: The image's side over the features'; None: the backbone's usual one, 8 for ResNet-vd, 16 for Xception, and 32
            for the MobileNets and 16 for SqueezeNet, where nothing is dilated.
        static_form: The older form, see above; for the Xceptions.
        num_features: Channels of the ASPP's branches and of the decoder.
        low_features: Channels that the low-level features are reduced to.
        width: Multiplies the channels of MobileNetV2.

    Raises:
        ValueError: Another backbone, or another output stride than 8, 16 and 32, for SqueezeNet than 16.
    """

    def __init__(
        self,
        backbone: str = "xception65",
        num_classes: int = 19,
        output_stride: Optional[int] = None,
        static_form: bool = False,
        num_features: int = 256,
        low_features: int = 48,
        width: float = 1.0,
    ):
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"the backbones of DeepLabv3+ are {', '.join(BACKBONES)}, not {backbone!r}")
        self.num_classes = num_classes
        self.align_corners = static_form
        store(self, output_stride=output_stride)
        used = BACKBONES[backbone]
        output_stride = output_stride or used.output_stride
        options = {"output_stride": output_stride, **used.options}
        if backbone == "mobilenet_v2":
            options["width"] = width
        if backbone == "squeezenet1_0" and options.pop("output_stride") != used.output_stride:
            raise ValueError("SqueezeNet has no dilated form: its output stride is 16")
        self.backbone = build_model(used.name, **options)
        self.backbone.cut_after(used.high)
        self.stages = (used.low + 1 if static_form else used.low, used.high)
        low, high = (self.backbone.feature_info[stage].channels for stage in self.stages)

        rates = (12, 24, 36) if output_stride == 8 else (6, 12, 18)
        bias, relu = not static_form, static_form
        self.aspp = ASPP(high, num_features, rates, static_form)
        self.low = nn.Sequential(*conv_bn_relu(low, low_features, bias))
        self.decoder = nn.Sequential(
            SeparableConv(num_features + low_features, num_features, bias=bias, relu=relu),
            SeparableConv(num_features, num_features, bias=bias, relu=relu),
        )
        self.classifier = nn.Conv2D(num_features, num_classes, 1)

    def forward(self, x):
        low, high = self.backbone.forward_features(x, self.stages)
        low = self.low(low)
        high = resize_like(self.aspp(high), low, self.align_corners)
        scores = self.classifier(self.decoder(paddle.concat([high, low], axis=1)))
        return resize_like(scores, x, self.align_corners)

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The names of PaddleSeg, and of the static graphs before it; other state dicts stay."""
        if "head.decoder.conv.weight" in state:
            return {_paddleseg_key(key, state): value for key, value in state.items()}
        return _from_static_graph(state) if "logit/weights" in state else state

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DeepLabV3Plus that has a state dict of these shapes; None if it is none."""
        classifier, low = shapes.get("classifier.weight"), shapes.get("low.0.weight")
        if (
            not classifier
            or not low
            or "aspp.pooling.1.weight" not in shapes
            or "decoder.1.depthwise.0.weight" not in shapes
        ):
            return None
        width = 1.0
        if "backbone.stem.0.conv.weight" in shapes:
            blocks = count_layers(shapes, "backbone.blocks.{}.stack.conv1.conv_dw.weight") - 5
            backbone = {8: "xception41", 16: "xception65"}.get(blocks)
        elif "backbone.features.1.depthwise.0.weight" in shapes:
            backbone = "mobilenet_v3_large" if "backbone.features.15.depthwise.0.weight" in shapes else None
        elif "backbone.features.17.conv.2.weight" in shapes:
            backbone, width = "mobilenet_v2", shapes["backbone.features.17.conv.2.weight"][0] / 320
        elif "backbone.features.3.squeeze.weight" in shapes:
            backbone = "squeezenet1_0"
        else:
            depth = count_layers(shapes, "backbone.layer3.{}.conv3.weight")
            backbone = {6: "resnet50_vd", 23: "resnet101_vd"}.get(depth)
        return backbone and {
            "backbone": backbone,
            "num_classes": classifier[0],
            "static_form": "low.0.bias" not in shapes,
            "num_features": classifier[1],
            "low_features": low[0],
            "width": width,
        }


_HEAD = {
    r"head\.aspp\.aspp_blocks\.(\d)\._": r"aspp.branches.\1.",
    r"head\.aspp\.aspp_blocks\.(\d)\.": r"aspp.branches.\1.",
    r"head\.aspp\.global_avg_pool\.1\._conv\.": "aspp.pooling.1.",
    r"head\.aspp\.global_avg_pool\.1\._batch_norm\.": "aspp.pooling.2.",
    r"head\.aspp\.conv_bn_relu\.": "aspp.project.",
    r"head\.decoder\.conv_bn_relu1\.": "low.",
    r"head\.decoder\.conv_bn_relu([23])\.": lambda found: f"decoder.{int(found[1]) - 2}.",
    r"head\.decoder\.conv\.": "classifier.",
    r"\bdepthwise_conv\.": "depthwise.",
    r"\bpiontwise_conv\.": "pointwise.",
    r"\b_?conv\.(?=weight|bias)": "0.",
    r"\b_?batch_norm\.": "1.",
}


def _paddleseg_key(key: str, state: Mapping[str, Any]) -> str:
    """Our name of an entry of PaddleSeg 2."""
    if not key.startswith("backbone."):
        for theirs, ours in _HEAD.items():
            key = re.sub(theirs, ours, key)
        return key
    key = key[len("backbone.") :]
    if "backbone.bb_0_0.conv0._conv.weight" in state:
        return f"backbone.{ResNet.paddle_key(key)}"
    if "backbone.blocks.0.expand_conv.conv.weight" in state:
        return f"backbone.{MobileNetV3.paddle_key(key)}"
    if "backbone.conv2._first_block._expand_conv._conv.weight" in state:
        return f"backbone.{MobileNetV2.paddle_key(key)}"
    middle = sum("/middle_flow/" in name and name.endswith("._conv1._conv1.weight") for name in state)
    return f"backbone.{_xception_key(key, middle)}"


def _block_of(flow: str, number: int, middle_blocks: int) -> int:
    """The place of a block of Xception: three of the entry flow, those of the middle and two of the exit flow."""
    return number - 1 + {"entry": 0, "middle": 3, "exit": 3 + middle_blocks}[flow]


def _xception_key(key: str, middle_blocks: int) -> str:
    """Our name of an entry of PaddleSeg 2's Xception: `xception_65/entry_flow/block1._conv1._bn2.weight`."""
    stem = re.fullmatch(r"_conv([12])\._(conv|bn)\.(\w+)", key)
    if stem:
        return f"stem.{int(stem[1]) - 1}.{stem[2]}.{stem[3]}"
    key = re.sub(r"^_exit_flow_", "xception/exit_flow/block", key)
    found = re.fullmatch(r"\w+/(entry|middle|exit)_flow/block(\d+)\.(.+)", key)
    if not found:
        return key
    rest = re.sub(r"^_short\._", "shortcut.", found[3])
    rest = re.sub(r"^_(conv\d)\._(conv|bn)([12])\.", _separable, rest)
    return f"blocks.{_block_of(found[1], int(found[2]), middle_blocks)}.{rest}"


def _separable(found: re.Match) -> str:
    return f"stack.{found[1]}.{found[2]}_{'dw' if found[3] == '1' else 'pw'}."


_STATIC_HEAD = {
    "encoder/image_pool": ("aspp.pooling.1", "aspp.pooling.2"),
    "encoder/aspp0": ("aspp.branches.0.0", "aspp.branches.0.1"),
    "encoder/concat": ("aspp.project.0", "aspp.project.1"),
    "decoder/concat": ("low.0", "low.1"),
    "logit": ("classifier", ""),
}
_STATIC_FIELDS = {
    "weights": "weight",
    "biases": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "_mean",
    "moving_variance": "_variance",
}


def _static_key(key: str, middle_blocks: int) -> str:
    """Our name of a variable of the static graphs: `encoder/aspp1/depthwise/BatchNorm/gamma`."""
    layer, _, field = key.rpartition("/")
    layer, norm = layer.removesuffix("/BatchNorm"), layer.endswith("/BatchNorm")
    field = _STATIC_FIELDS.get(field, field)
    if layer in _STATIC_HEAD:
        return f"{_STATIC_HEAD[layer][norm]}.{field}"
    separable = re.fullmatch(r"(encoder/aspp|decoder/separable_conv)(\d)/(depthwise|pointwise)", layer)
    if separable:
        part, number = ("aspp.branches", int(separable[2])) if "aspp" in layer else ("decoder", int(separable[2]) - 1)
        return f"{part}.{number}.{separable[3]}.{int(norm)}.{field}"
    stem = re.fullmatch(r"xception_\d+/entry_flow/conv([12])", layer)
    if stem:
        return f"backbone.stem.{int(stem[1]) - 1}.{'bn' if norm else 'conv'}.{field}"
    found = re.fullmatch(r"xception_\d+/(entry|middle|exit)_flow/block(\d+)/(.+)", layer)
    if not found:
        return key
    block = f"backbone.blocks.{_block_of(found[1], int(found[2]), middle_blocks)}"
    kind = "bn" if norm else "conv"
    if found[3] == "shortcut":
        return f"{block}.shortcut.{kind}.{field}"
    number, part = re.fullmatch(r"separable_conv(\d)/(depthwise|pointwise)", found[3]).groups()
    return f"{block}.stack.conv{number}.{kind}_{'dw' if part == 'depthwise' else 'pw'}.{field}"


def _from_static_graph(state: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a static graph under our names.

    There the ASPP's concatenation begins with the mean of the image, and its projection is multiplied by 0.1 when it predicts: the
    dropout of an older Paddle. Both go into the weights.
    """
    middle = sum("/middle_flow/" in key and key.endswith("/separable_conv1/depthwise/weights") for key in state)
    renamed = {_static_key(key, middle): value for key, value in state.items()}
    project = renamed["aspp.project.0.weight"]
    renamed["aspp.project.0.weight"] = np.roll(project, -project.shape[0], axis=1)
    for key in ("aspp.project.1.weight", "aspp.project.1.bias"):
        renamed[key] = renamed[key] * np.float32(0.1)
    return renamed


_CITYSCAPES: dict[str, Any] = {"labels": "cityscapes", "foreground": 11, "mean": (0.5,) * 3, "std": (0.5,) * 3}
_PORTRAIT: dict[str, Any] = {"labels": "portrait", "foreground": 1, "mean": (0.5,) * 3, "std": (0.5,) * 3}

for _backbone, _summary, _hyperparameters, _facts in (
    ("resnet50_vd", "PaddleSeg's network on ResNet-50-vd at 1/8 of the image's sides.", {}, _CITYSCAPES),
    ("mobilenet_v2", "PaddleSeg's network on MobileNetV2, without dilations.", {}, _CITYSCAPES),
    ("mobilenet_v3_large", "PaddleSeg's network on MobileNetV3-Large, without dilations.", {}, _CITYSCAPES),
    ("xception65", "PaddleSeg's network on Xception-65, for people.", {"num_classes": 2}, _PORTRAIT),
):
    register_model(
        f"deeplabv3_plus_{_backbone}",
        DeepLabV3Plus,
        alias=f"deeplabv3p_{_backbone}",
        hyperparameters={"backbone": _backbone, **_hyperparameters},
        paper=PAPER,
        summary=_summary,
        spec=SegmentationSpec,
        reference=f"deeplabv3p_{_backbone.replace('mobilenet_', 'mobilenet')}_paddle",
        **_facts,
    )
register_model(
    "deeplabv3_plus_xception65_humanseg",
    DeepLabV3Plus,
    alias="deeplabv3p_xception65_humanseg",
    bare_modules=["deeplabv3p_xception65_humanseg"],
    hyperparameters={"backbone": "xception65", "num_classes": 2, "static_form": True},
    paper=PAPER,
    summary="The older form, of PaddleHub's module deeplabv3p_xception65_humanseg, for people.",
    spec=SegmentationSpec,
    reference="deeplabv3p_xception65_static",
    working_size=513,
    square=True,
    bgr=True,
    # Of the module: 122.675, 116.669, 104.008 are subtracted from values in 0...255, which are not divided.
    **{**_PORTRAIT, "mean": (122.675 / 255, 116.669 / 255, 104.008 / 255), "std": (1 / 255,) * 3},
)
register_model(
    "portrait_lite",
    DeepLabV3Plus,
    hyperparameters={
        "backbone": "mobilenet_v2",
        "width": 0.5,
        "output_stride": 16,
        "num_features": 96,
        "low_features": 32,
        "num_classes": 2,
    },
    paper=PAPER,
    summary="Light configuration for people, this project's: half of MobileNetV2's channels at 1/16 of the image's sides.",
    spec=SegmentationSpec,
    reference=None,
    labels="portrait",
    foreground=1,
    working_size=192,
    **IMAGENET,
)
register_model(
    "portrait_squeezenet",
    DeepLabV3Plus,
    hyperparameters={"backbone": "squeezenet1_0", "num_features": 64, "low_features": 32, "num_classes": 2},
    paper=PAPER,
    summary="For people, this project's: on SqueezeNet 1.0, whose weights for ImageNet are as small as they are easy to have.",
    spec=SegmentationSpec,
    hub_modules={None: "portrait_seg"},
    reference=None,
    labels="portrait",
    foreground=1,
    working_size=144,
    **IMAGENET,
)
