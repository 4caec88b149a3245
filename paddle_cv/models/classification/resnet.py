"""ResNet: Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun,
"Deep Residual Learning for Image Recognition", CVPR 2016 (arXiv:1512.03385), and networks that change a detail of it:

- plain networks: the same convolutions without the shortcuts, which the paper compares with (section 3.3);
- Wide ResNet: Zagoruyko, Komodakis, "Wide Residual Networks", BMVC 2016: bottlenecks with twice the inner channels;
- ResNeXt: Xie, Girshick, Dollar, Tu, He, "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017: the
  inner convolution of a bottleneck has groups;
- ResNet-D: He, Zhang, Zhang, Zhang, Xie, Li, "Bag of Tricks for Image Classification with CNNs", CVPR 2019: three 3x3
  convolutions in the place of the 7x7 one, and shortcuts that average 2x2 pixels before they project. It is the network that
  PaddlePaddle calls ResNet-vd. (The older PaddleHub modules, resnet50_vd_animals among them, do not round the size up in that
  average. So they take only pictures whose feature maps have even sides, and for those compute the same.)
- SE-ResNet: Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018: channel attention at the end of each block, here in
  timm's form; the authors' own forms are in senet.py.

Agrees with torchvision, for ResNet-D and SE-ResNet with timm, names of the sublayers included. Two things differ from the paper
in these: shortcuts are projected wherever the number of channels changes (the paper's option B), and a bottleneck halves the
resolution in its 3x3 convolution, not in the 1x1 one before it ("v1.5").

Multiply-accumulates: the paper, and courses after it, have 1.8, 3.6, 3.8, 7.6 and 11.3 billion for 18, 34, 50, 101 and 152
layers; here they are 1.81, 3.66, 4.09, 7.80 and 11.51. With `stride_first=True` the last three are the paper's, and its 3.6 billion
of 34 layers are those without projections (`plain34`). The comparison of ResNet-50 with ResNeXt-50 (32x4d), 25.5 M parameters
and 4.1 billion with 25.0 M and 4.2 billion, is of the form here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import ChannelAttention, count_layers, init_like_he, store
from ..spec import PublishedWeights
from .base import IMAGENET, STATIC_FIELDS, FeatureInfo, StagedClassifier, register_model, stage_strides

__all__ = ["BasicBlock", "Bottleneck", "ResNet"]


# Variables of the static graphs of ResNet-vd: conv1_2_weights, bnv1_2_scale, res2a_branch2b_weights, bn4b12_branch1_mean.
_STATIC_STEM = re.compile(r"(conv|bnv)1_([123])_(weights|scale|offset|mean|variance)")
_STATIC_BLOCK = re.compile(r"(res|bn)([2-5])([a-z])(\d*)_branch(1|2[abc])_(weights|scale|offset|mean|variance)")
_STATIC_CLASSIFIER = {"fc_0.w_0": "fc.weight", "fc_0.b_0": "fc.bias"}


class BasicBlock(nn.Layer):
    """Two 3x3 convolutions and the sum with the input (paper, Figure 5, left).

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Of the first convolution.
        downsample: Makes the input fit the output; None where it does.
        residual: False leaves the sum out.
        reduction: Channel attention at the end, with a bottleneck of `out_channels // reduction`; None: none.
        dilation: Of both convolutions.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        downsample: Optional[nn.Layer] = None,
        residual: bool = True,
        reduction: Optional[int] = None,
        dilation: int = 1,
    ):
        super().__init__()
        common = {"padding": dilation, "dilation": dilation, "bias_attr": False}
        self.conv1 = nn.Conv2D(in_channels, out_channels, 3, stride, **common)
        self.bn1 = nn.BatchNorm2D(out_channels)
        self.conv2 = nn.Conv2D(out_channels, out_channels, 3, **common)
        self.bn2 = nn.BatchNorm2D(out_channels)
        self.se = ChannelAttention(out_channels, reduction) if reduction else None
        self.downsample = downsample
        self.residual = residual
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.se is not None:
            y = self.se(y)
        if self.residual:
            y = y + (x if self.downsample is None else self.downsample(x))
        return self.relu(y)


class Bottleneck(nn.Layer):
    """1x1, 3x3 and 1x1 convolution, and the sum with the input (paper, Figure 5, right).

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3 convolution.
        out_channels: Channels of the output.
        stride: Of the 3x3 convolution.
        groups: Of the 3x3 convolution.
        downsample: Makes the input fit the output; None where it does.
        residual: False leaves the sum out.
        reduction: Channel attention at the end, with a bottleneck of `out_channels // reduction`; None: none.
        stride_first: The first convolution has the stride, not the second.
        first_width: Channels between the first and the second convolution, where they are not `width`.
        dilation: Of the 3x3 convolution.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        out_channels: int,
        stride: int = 1,
        groups: int = 1,
        downsample: Optional[nn.Layer] = None,
        residual: bool = True,
        reduction: Optional[int] = None,
        stride_first: bool = False,
        first_width: Optional[int] = None,
        dilation: int = 1,
    ):
        super().__init__()
        first_width = first_width or width
        strides = (stride, 1) if stride_first else (1, stride)
        self.conv1 = nn.Conv2D(in_channels, first_width, 1, strides[0], bias_attr=False)
        self.bn1 = nn.BatchNorm2D(first_width)
        self.conv2 = nn.Conv2D(
            first_width, width, 3, strides[1], padding=dilation, dilation=dilation, groups=groups, bias_attr=False
        )
        self.bn2 = nn.BatchNorm2D(width)
        self.conv3 = nn.Conv2D(width, out_channels, 1, bias_attr=False)
        self.bn3 = nn.BatchNorm2D(out_channels)
        self.se = ChannelAttention(out_channels, reduction) if reduction else None
        self.downsample = downsample
        self.residual = residual
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        if self.se is not None:
            y = self.se(y)
        if self.residual:
            y = y + (x if self.downsample is None else self.downsample(x))
        return self.relu(y)


def projection(in_channels: int, out_channels: int, stride: int, average: bool = False) -> nn.Sequential:
    """The shortcut of a block whose output has another shape than its input; with `average` that of ResNet-D."""
    layers = [
        nn.Conv2D(in_channels, out_channels, 1, 1 if average else stride, bias_attr=False),
        nn.BatchNorm2D(out_channels),
    ]
    if average:
        layers.insert(0, nn.AvgPool2D(2, 2, ceil_mode=True) if stride > 1 else nn.Identity())
    return nn.Sequential(*layers)


def deep_stem(in_channels: int) -> nn.Sequential:
    """ResNet-D's three convolutions to 64 channels, without the normalisation that follows."""
    return nn.Sequential(
        nn.Conv2D(in_channels, 32, 3, stride=2, padding=1, bias_attr=False),
        nn.BatchNorm2D(32),
        nn.ReLU(),
        nn.Conv2D(32, 32, 3, padding=1, bias_attr=False),
        nn.BatchNorm2D(32),
        nn.ReLU(),
        nn.Conv2D(32, 64, 3, padding=1, bias_attr=False),
    )


class ResNet(StagedClassifier):
    """Residual network: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        depths: Blocks in each of the four stages.
        bottleneck: Bottlenecks of three convolutions instead of blocks of two.
        groups: Groups of a bottleneck's 3x3 convolution (ResNeXt's cardinality).
        group_width: Channels of each of these groups in the first stage; they double from stage to stage.
        residual: False gives the plain network.
        deep: The stem and the shortcuts of ResNet-D.
        reduction: Squeeze and excitation in each block, with this reduction; None: none.
        stride_first: Bottlenecks halve the resolution in their first convolution, as in the paper.
        in_channels: Channels of the input.
        num_classes: Number of classes.
        output_stride: The image's side over the last feature map's: 32, or 16 or 8 with dilated convolutions instead of strides.
        multi_grid: Multiplies the dilations of the blocks of the last stage (DeepLabv3, section 3.3).
        dilate_first: Whether the first block of a dilated stage is dilated as its others are; False: as the stage before, the form
            of torchvision.
    """

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        bottleneck: bool = True,
        groups: int = 1,
        group_width: int = 64,
        residual: bool = True,
        deep: bool = False,
        reduction: Optional[int] = None,
        stride_first: bool = False,
        in_channels: int = 3,
        num_classes: int = 1000,
        output_stride: int = 32,
        multi_grid: Sequence[int] = (1, 1, 1),
        dilate_first: bool = True,
    ):
        super().__init__()
        self.num_classes = num_classes
        store(self, stride_first=1 if stride_first else None)  # no weight shows where the stride is
        common: dict[str, Any] = {"residual": residual, "reduction": reduction}
        if deep:
            self.conv1 = deep_stem(in_channels)
        else:
            self.conv1 = nn.Conv2D(in_channels, 64, 7, stride=2, padding=3, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2D(3, stride=2, padding=1)
        channels, reached = 64, 4
        self.feature_info = [FeatureInfo(channels, 2)]
        strides = stage_strides((1, 2, 2, 2), output_stride, reached)
        for number, depth in enumerate(depths):
            out_channels = (256 if bottleneck else 64) * 2**number
            blocks = []
            for place in range(depth):
                stride = strides[number].stride if place == 0 else 1
                dilation = strides[number].dilation
                if place == 0 and not dilate_first:
                    dilation = strides[number].first_dilation
                if number == len(depths) - 1 and dilation > 1:
                    dilation *= multi_grid[place]
                common["dilation"] = dilation
                fits = stride == 1 and channels == out_channels
                common["downsample"] = (
                    projection(channels, out_channels, stride, deep) if residual and not fits else None
                )
                if bottleneck:
                    width = groups * group_width * 2**number
                    block = Bottleneck(
                        channels, width, out_channels, stride, groups, stride_first=stride_first, **common
                    )
                else:
                    block = BasicBlock(channels, out_channels, stride, **common)
                blocks.append(block)
                channels = out_channels
            setattr(self, f"layer{number + 1}", nn.Sequential(*blocks))
            reached *= strides[number].stride
            self.feature_info.append(FeatureInfo(channels, reached))
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.fc = nn.Linear(channels, num_classes)
        init_like_he(self)

    def run_stages(self, x: paddle.Tensor, last: int) -> list[paddle.Tensor]:
        maps = [self.relu(self.bn1(self.conv1(x)))]
        x = self.maxpool(maps[0])
        for number in range(1, last + 1):
            x = getattr(self, f"layer{number}")(x)
            maps.append(x)
        return maps

    def cut_after(self, stage: int) -> None:
        for number in range(stage + 1, len(self.feature_info)):
            delattr(self, f"layer{number}")
        del self.feature_info[stage + 1 :], self.fc

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def official_key(key: str) -> str:
        """timm's names of the squeeze and excitation."""
        return key.replace(".se.fc1.", ".se.conv_du.0.").replace(".se.fc2.", ".se.conv_du.2.")

    @staticmethod
    def paddle_key(key: str) -> str:
        """PaddleHub's names of ResNet-vd, as Layer and as static graph; paddle.vision's names of the others are ours."""
        if key in _STATIC_CLASSIFIER:
            return _STATIC_CLASSIFIER[key]
        static = _STATIC_STEM.fullmatch(key)
        if static:
            place = 3 * (int(static[2]) - 1) + (static[1] == "bnv")
            return f"{'bn1' if place == 7 else f'conv1.{place}'}.{STATIC_FIELDS[static[3]]}"
        static = _STATIC_BLOCK.fullmatch(key)
        if static:
            kind, stage, letter, number, branch, field = static.groups()
            place = int(number) if number else ord(letter) - ord("a")
            if branch == "1":
                layer = f"downsample.{1 if kind == 'res' else 2}"
            else:
                layer = f"{'conv' if kind == 'res' else 'bn'}{ord(branch[1]) - ord('a') + 1}"
            return f"layer{int(stage) - 1}.{place}.{layer}.{STATIC_FIELDS[field]}"
        stem = re.fullmatch(r"conv1_([123])\._(conv|batch_norm)\.(\w+)", key)
        if stem:
            place = 3 * (int(stem[1]) - 1) + (stem[2] == "batch_norm")
            return f"bn1.{stem[3]}" if place == 7 else f"conv1.{place}.{stem[3]}"
        block = re.fullmatch(r"bb_(\d)_(\d+)\.(conv\d|short)\._(conv|batch_norm)\.(\w+)", key)
        if block:
            if block[3] == "short":
                layer = f"downsample.{1 if block[4] == 'conv' else 2}"
            else:
                layer = f"{'conv' if block[4] == 'conv' else 'bn'}{int(block[3][-1]) + 1}"
            return f"layer{int(block[1]) + 1}.{block[2]}.{layer}.{block[5]}"
        return re.sub(r"^out\.", "fc.", key)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the ResNet that has a state dict of these shapes; None if it is no ResNet."""
        deep = "conv1.0.weight" in shapes
        stem = shapes.get("conv1.0.weight" if deep else "conv1.weight")
        inner = shapes.get("layer1.0.conv2.weight")
        bottleneck = "layer1.0.conv3.weight" in shapes
        fc = shapes.get("fc.weight")
        if (
            stem is None
            or inner is None
            or "bn1._mean" not in shapes
            or not fc
            or fc[0] != (2048 if bottleneck else 512)
        ):
            return None
        squeezed = shapes.get("layer1.0.se.conv_du.0.weight")
        return {
            "depths": tuple(count_layers(shapes, f"layer{number}.{{}}.conv1.weight") for number in (1, 2, 3, 4)),
            "bottleneck": bottleneck,
            "groups": inner[0] // inner[1],
            "group_width": inner[1],
            "residual": any(".downsample." in key for key in shapes),
            "deep": deep,
            "reduction": squeezed and squeezed[1] // squeezed[0],
            "stride_first": False,
            "in_channels": stem[1],
            "num_classes": fc[1],
        }


RESNET = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016"
WIDE = "Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016"
RESNEXT = "Xie, Girshick, Dollar, Tu, He: Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017"
RESNET_D = "He et al.: Bag of Tricks for Image Classification with Convolutional Neural Networks, CVPR 2019"
SE = "Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018"

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

# MD5 of the weights that PaddlePaddle publishes.
PUBLISHED = {
    "resnet18": "cf548f46534aa3560945be4b95cd11c4",
    "resnet34": "8d2275cf8706028345f78ac0e1d31969",
    "resnet50": "ca6f485ee1ab0492d38f323885b0ad80",
    "resnet101": "02f35f034ca3858e1e54d4036443c92d",
    "resnet152": "7ad16a2f1e7333859ff986138630fd7a",
    "resnext50_32x4d": "dc47483169be7d6f018fcbb7baf8775d",
    "resnext50_64x4d": "063d4b483e12b06388529450ad7576db",
    "resnext101_32x4d": "967b090039f9de2c8d06fe994fb9095f",
    "resnext101_64x4d": "98e04e7ca616a066699230d769d03008",
    "resnext152_32x4d": "18ff0beee21f2efc99c4b31786107121",
    "resnext152_64x4d": "77c4af00ca42c405fa7f841841959379",
    "wide_resnet50_2": "0282f804d73debdab289bd9fea3fa6dc",
    "wide_resnet101_2": "d4360a2d23657f059216f5d5a1a9ac93",
}


def _register(
    name: str,
    depth: int,
    paper: str,
    summary: str,
    reference: Optional[str] = "{name}",
    alias: Optional[str] = None,
    bare_modules: Sequence[str] = (),
    **options: Any,
) -> None:
    url = f"https://paddle-hapi.bj.bcebos.com/models/{name}.pdparams"
    register_model(
        name,
        ResNet,
        hyperparameters={"depths": DEPTHS[depth], "bottleneck": depth >= 50, **options},
        paper=paper,
        summary=summary,
        published=PublishedWeights(url, PUBLISHED[name]) if name in PUBLISHED else None,
        alias=alias,
        bare_modules=bare_modules,
        reference=reference,
        **IMAGENET,
    )


for _depth in DEPTHS:
    _blocks = "bottlenecks" if _depth >= 50 else "blocks of two convolutions"
    _register(f"resnet{_depth}", _depth, RESNET, f"{_depth} layers in {_blocks}.")
for _depth in (18, 34):
    _register(f"plain{_depth}", _depth, RESNET, f"ResNet-{_depth} without its shortcuts.", None, residual=False)

_register("wide_resnet50_2", 50, WIDE, "ResNet-50 with bottlenecks of twice the width.", group_width=128)
_register("wide_resnet101_2", 101, WIDE, "ResNet-101 with bottlenecks of twice the width.", None, group_width=128)

for _depth, _groups, _width in (
    (50, 32, 4),
    (50, 64, 4),
    (101, 32, 4),
    (101, 32, 8),
    (101, 64, 4),
    (152, 32, 4),
    (152, 64, 4),
):
    _name = f"resnext{_depth}_{_groups}x{_width}d"
    _register(
        _name,
        _depth,
        RESNEXT,
        f"{_depth} layers; {_groups} groups of {_width} channels in each bottleneck.",
        "{name}" if _name in ("resnext50_32x4d", "resnext101_32x8d") else None,
        groups=_groups,
        group_width=_width,
    )

_register(
    "resnet50d",
    50,
    RESNET_D,
    "ResNet-50 with a stem of three convolutions and averaging shortcuts.",
    alias="resnet50_vd",
    bare_modules=["resnet50_vd_animals"],
    deep=True,
)
_register(
    "resnext50d_32x4d",
    50,
    RESNET_D,
    "ResNeXt-50 (32x4d) in the form of resnet50d.",
    alias="resnext50_vd_32x4d",
    groups=32,
    group_width=4,
    deep=True,
)
_register("seresnet50", 50, SE, "ResNet-50 with squeeze and excitation, timm's form.", reduction=16)
