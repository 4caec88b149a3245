"""Blocks that more than one family uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

__all__ = [
    "DIV2K_MEAN",
    "STORED",
    "ChannelAttention",
    "ConvNorm",
    "Fusion",
    "MeanShift",
    "ReLUUpsampling",
    "ResidualBlock",
    "conv_stack",
    "count_layers",
    "from_trunk",
    "init_like_he",
    "init_like_pytorch",
    "kernel_radius",
    "mean_shift_entries",
    "read_conv_stack",
    "repeat_channels",
    "resize_like",
    "store",
    "upsampler",
]

#: With this begin the names of the hyperparameters in a state dict.
STORED = "stored_"


def store(network: nn.Layer, **hyperparameters: Optional[int]) -> None:
    """Keeps hyperparameters in the state dict that the shape of no weight shows, such as the scale of a deconvolution.

    A checkpoint then tells by itself what network it is for. State dicts of reference implementations have no such entries,
    and loading does without them. None is not kept.
    """
    for name, value in hyperparameters.items():
        if value is not None:
            network.register_buffer(STORED + name, paddle.to_tensor(value, "int32"))


# Mean colour (RGB, in [0, 1]) of the 800 training images of DIV2K.
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


class MeanShift(nn.Conv2D):
    """Subtracts the mean colour of DIV2K from RGB images (`sign` -1), or adds it again (`sign` 1).

    It is a 1x1 convolution that is not trained, so that state dicts have it as those of the EDSR family do. Images are in
    [0, 1]; `rgb_range` is the range that the layers between the two shifts work in (255 for the weights that the authors of
    EDSR and RCAN published).
    """

    def __init__(self, sign: int, rgb_range: float = 1.0):
        mean = sign * rgb_range * np.array(DIV2K_MEAN, np.float32)
        super().__init__(
            3,
            3,
            1,
            weight_attr=paddle.ParamAttr(
                initializer=nn.initializer.Assign(np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)), trainable=False
            ),
            bias_attr=paddle.ParamAttr(initializer=nn.initializer.Assign(mean), trainable=False),
        )
        self.before = rgb_range if sign < 0 else 1
        self.after = 1 if sign < 0 else 1 / rgb_range

    def forward(self, x):
        if self.before != 1:
            x = x * self.before
        x = super().forward(x)
        return x if self.after == 1 else x * self.after


def mean_shift_entries(rgb_range: float) -> dict[str, np.ndarray]:
    """The entries of `sub_mean` and `add_mean`, for state dicts of implementations that keep the mean colour elsewhere."""
    entries = {}
    for name, sign in (("sub_mean", -1), ("add_mean", 1)):
        entries[f"{name}.weight"] = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
        entries[f"{name}.bias"] = sign * rgb_range * np.array(DIV2K_MEAN, np.float32)
    return entries


class ResidualBlock(nn.Layer):
    """Convolution, ReLU, convolution, and the sum with the input: EDSR's block, without batch normalisation."""

    def __init__(self, num_features: int, kernel_size: int = 3, res_scale: float = 1.0):
        super().__init__()
        self.res_scale = res_scale
        self.body = nn.Sequential(
            nn.Conv2D(num_features, num_features, kernel_size, padding=kernel_size // 2),
            nn.ReLU(),
            nn.Conv2D(num_features, num_features, kernel_size, padding=kernel_size // 2),
        )

    def forward(self, x):
        residual = self.body(x)
        return x + (residual if self.res_scale == 1 else residual * self.res_scale)


class ChannelAttention(nn.Layer):
    """Weights each channel by a number in (0, 1) that a bottleneck computes from the channels' statistics.

    The statistic is the mean over the image (squeeze and excitation), or with `contrast` the sum of the mean and the standard
    deviation.
    """

    def __init__(self, num_features: int, reduction: int = 16, contrast: bool = False):
        super().__init__()
        self.contrast = contrast
        self.conv_du = nn.Sequential(
            nn.Conv2D(num_features, num_features // reduction, 1),
            nn.ReLU(),
            nn.Conv2D(num_features // reduction, num_features, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        statistic = mean = x.mean([2, 3], keepdim=True)
        if self.contrast:
            variance = (x - mean).square().mean([2, 3], keepdim=True)
            # The tiny number keeps the root's gradient finite where a channel is constant.
            statistic = mean + (variance + 1e-12).sqrt()
        return x * self.conv_du(statistic)


class ConvNorm(nn.Layer):
    """Convolution without bias, batch normalisation and ReLU, as all Inception networks have them.

    Sublayers are named as torchvision names them; the epsilon is that of the networks' first implementation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Union[int, Sequence[int]],
        stride: int = 1,
        padding: Union[int, Sequence[int]] = 0,
    ):
        super().__init__()
        self.conv = nn.Conv2D(in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias_attr=False)
        self.bn = nn.BatchNorm2D(out_channels, epsilon=1e-3)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class Fusion(nn.Sequential):
    """Makes one feature map of several: by their sum or by their concatenation, to which further layers may be applied.

    Mostly that is one 1x1 convolution, which weighs the channels:

        Fusion("sum")                                                     # n maps (N, C, H, W) -> (N, C, H, W)
        Fusion("concat")                                                  #                     -> (N, n C, H, W)
        Fusion("sum", nn.Conv2D(channels, out_channels, 1))               #                     -> (N, out_channels, H, W)
        Fusion("concat", nn.Conv2D(n * channels, out_channels, 1))        #                     -> (N, out_channels, H, W)

    A 1x1 convolution of the concatenation adds one matrix product for each map. The 1x1 convolution of the sum is the
    special case that all these matrices are equal: concatenation costs n times the weights and can do more.

    Args:
        mode: "sum", of maps of one shape, or "concat", along the channels.
        *layers: Applied in turn to what that gives. In the state dict they are named "0", "1" ..., as in a `Sequential`.

    Raises:
        ValueError: Another mode.
    """

    def __init__(self, mode: str, *layers: nn.Layer):
        if mode not in ("sum", "concat"):
            raise ValueError(f'feature maps are fused by "sum" or "concat", not by {mode!r}')
        super().__init__(*layers)
        self.mode = mode

    def forward(self, features: Sequence[paddle.Tensor]) -> paddle.Tensor:
        fused = paddle.concat(features, axis=1) if self.mode == "concat" else sum(features[1:], features[0])
        return super().forward(fused)


def upsampler(scale: int, num_features: int, groups: int = 1, relu: bool = False) -> nn.Sequential:
    """Sub-pixel convolutions: one for x3, one for each doubling otherwise; with `relu` a ReLU before each pixel shuffle."""
    layers = []
    for factor in (3,) if scale == 3 else (2,) * (scale.bit_length() - 1):
        layers.append(nn.Conv2D(num_features, num_features * factor**2, 3, padding=1, groups=groups))
        if relu:
            layers.append(nn.ReLU())
        layers.append(nn.PixelShuffle(factor))
    return nn.Sequential(*layers)


class ConvStack(NamedTuple):
    """What `conv_stack` is told."""

    in_channels: int
    num_features: int
    out_channels: int
    num_layers: int
    batch_norm: bool


def conv_stack(
    in_channels: int,
    num_features: int,
    out_channels: int,
    num_layers: int,
    batch_norm: bool = False,
    dilations: Optional[Sequence[int]] = None,
) -> nn.Sequential:
    """3x3 convolutions with ReLU between them; the inner ones may be normalised: the networks of the DnCNN family."""
    widths = [in_channels, *[num_features] * (num_layers - 1), out_channels]
    layers: list[nn.Layer] = []
    for number in range(num_layers):
        dilation = dilations[number] if dilations else 1
        layers.append(nn.Conv2D(widths[number], widths[number + 1], 3, padding=dilation, dilation=dilation))
        if number == num_layers - 1:
            break
        if batch_norm and number > 0:
            layers.append(nn.BatchNorm2D(num_features, momentum=0.1, epsilon=1e-4))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def from_trunk(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entries of the ports of EDSR, RCAN and ESRGAN that call the body `trunk` under BasicSR's names; others stay.

    They number the convolutions before and behind it, `conv1`, `conv2` ..., in the order of the signal.
    """
    num_blocks = count_layers(state, "trunk.{}.rdb3.conv5.weight")
    if not num_blocks and not ("trunk.0.conv1.weight" in state or "trunk.0.rcb.0.weight" in state or _RCAB in state):
        return state
    patterns = {
        r"^conv1\.": "conv_first.",
        r"^conv2\.": "conv_body." if num_blocks else "conv_after_body.",
        r"^conv3\.(?:0\.)?": "conv_hr." if num_blocks else "conv_last.",
        r"^conv4\.": "conv_last.",
        r"^upsampling(\d)\.0\.": r"conv_up\1.",
        r"^upsampling\.(\d)\.(?:upsample_block|upsampling)\.0\.": lambda match: f"upsample.{2 * int(match[1])}.",
        r"^upsampling\.": "upsample.",
        r"^trunk\.(\d+)\.rcb\.([02])\.": lambda match: f"body.{match[1]}.conv{int(match[2]) // 2 + 1}.",
        r"^trunk\.(\d+)\.residual_group\.(\d+)\.(weight|bias)$": r"body.\1.conv.\3",
        r"^trunk\.": "body.",
        r"\.residual_channel_attention_block\.|\.rcab\.": ".rcab.",
        r"\.channel_attention_layer\.": ".attention.",
    }
    renamed = {}
    for key, value in state.items():
        if key in ("mean", "std"):
            usual = DIV2K_MEAN if key == "mean" else (1, 1, 1)
            key = key if np.allclose(np.ravel(value), usual, atol=1e-3) else f"other_{key}"
        for theirs, ours in patterns.items():
            key = re.sub(theirs, ours, key)
        renamed[key] = value
    return renamed


_RCAB = "trunk.0.residual_group.0.residual_channel_attention_block.0.weight"


def read_conv_stack(shapes: Mapping[str, Sequence[int]]) -> Optional[ConvStack]:
    """The arguments of the `conv_stack` called `model` that has a state dict of these shapes, and nothing beside it."""
    convs = {
        int(key.split(".")[1]): shape
        for key, shape in shapes.items()
        if re.fullmatch(r"model\.\d+\.weight", key) and len(shape) == 4
    }
    places, count = sorted(convs), len(convs)
    if count < 3 or any(list(shape[2:]) != [3, 3] for shape in convs.values()):
        return None
    batch_norm = "model.3.weight" in shapes
    if places != [0, *(2 + (3 if batch_norm else 2) * i for i in range(count - 1))]:
        return None
    if len(shapes) != 2 * count + (4 * (count - 2) if batch_norm else 0):
        return None
    num_features, in_channels = convs[0][:2]
    return ConvStack(in_channels, num_features, convs[places[-1]][0], count, batch_norm)


class ReLUUpsampling(nn.Layer):
    """`upsampler` with a ReLU before each pixel shuffle, below the name `body` that CARN's and DRLN's state dicts have."""

    def __init__(self, scale: int, num_features: int, groups: int = 1):
        super().__init__()
        self.body = upsampler(scale, num_features, groups, relu=True)

    def forward(self, x):
        return self.body(x)


def repeat_channels(x: paddle.Tensor, times: int) -> paddle.Tensor:
    """Each channel several times in a row; a pixel shuffle of that is the nearest-neighbour enlargement."""
    return paddle.concat([channel for channel in x.split(x.shape[1], axis=1) for _ in range(times)], axis=1)


def resize_like(x: paddle.Tensor, like: paddle.Tensor, align_corners: bool = False) -> paddle.Tensor:
    """Bilinear resizing of (N, C, H, W) to the height and width of `like`, which need not be known when a graph is exported."""
    return F.interpolate(x, paddle.shape(like)[2:], mode="bilinear", align_corners=align_corners)


def count_layers(shapes: Mapping[str, Sequence[int]], key: str, start: int = 0) -> int:
    """How many of `key.format(start)`, `key.format(start + 1)` ... there are in a row."""
    number = 0
    while key.format(start + number) in shapes:
        number += 1
    return number


def kernel_radius(network: nn.Layer) -> int:
    """Sum of the radii of all convolution kernels: a bound on the receptive radius where no layer is used twice."""
    return sum(
        layer.weight.shape[-1] // 2 * layer._dilation[0]
        for layer in network.sublayers()
        if isinstance(layer, nn.Conv2D)
    )


def init_like_pytorch(network: nn.Layer) -> None:
    """Draws the convolutions' weights as PyTorch does by default: uniform, of variance 1 / (3 fan-in).

    Paddle's own default is six times that variance, which in networks with many sums and without normalisation lets the first
    outputs explode.
    """
    uniform = nn.initializer.KaimingUniform(negative_slope=5**0.5, nonlinearity="leaky_relu")
    for layer in network.sublayers():
        if isinstance(layer, nn.Conv2D) and not isinstance(layer, MeanShift):
            uniform(layer.weight)


def init_like_he(network: nn.Layer) -> None:
    """Initialises a classifier that is trained from scratch.

    Convolutions: normal, of variance 2 / fan-in, which keeps the size of what goes through a ReLU (He, Zhang, Ren, Sun,
    "Delving Deep into Rectifiers", ICCV 2015). That is Paddle's default, except that Paddle takes all input channels for the
    fan-in where the convolution has groups. Fully connected layers: uniform, of variance 1 / (3 fan-in), as PyTorch does by
    default. Biases are zero, scales of batch normalisation one, by Paddle's default.
    """
    normal = nn.initializer.KaimingNormal()
    for layer in network.sublayers():
        if isinstance(layer, nn.Conv2D) and layer._groups > 1:
            normal(layer.weight)
        elif isinstance(layer, nn.Linear):
            bound = layer.weight.shape[0] ** -0.5
            nn.initializer.Uniform(-bound, bound)(layer.weight)
