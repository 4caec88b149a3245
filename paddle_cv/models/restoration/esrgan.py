"""ESRGAN: Xintao Wang, Ke Yu, Shixiang Wu, Jinjin Gu, Yihao Liu, Chao Dong, Yu Qiao, Chen Change Loy,
"ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCV Workshops 2018 (arXiv:1809.00219).

The generator RRDBNet is made of residual-in-residual dense blocks (RRDBs). Agrees with the authors' PyTorch implementation; the
names of the sublayers are those of their later one in BasicSR, and keys of both load. The networks for x1 and x2 are those
of Real-ESRGAN: the input is folded into channels, so that all work is done at a quarter of the output's side.

The discriminator is BasicSR's for ESRGAN, for images of 128 x 128 pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..layers import count_layers, init_like_pytorch
from ..registry import register_model
from .msrresnet import PAPER

__all__ = ["RRDBNet", "VGGDiscriminator"]


class ResidualDenseBlock(nn.Layer):
    """Five densely connected convolutions; a fifth of the result is added to the input."""

    def __init__(self, num_features: int, growth_rate: int):
        super().__init__()
        self.conv1 = nn.Conv2D(num_features, growth_rate, 3, padding=1)
        self.conv2 = nn.Conv2D(num_features + growth_rate, growth_rate, 3, padding=1)
        self.conv3 = nn.Conv2D(num_features + 2 * growth_rate, growth_rate, 3, padding=1)
        self.conv4 = nn.Conv2D(num_features + 3 * growth_rate, growth_rate, 3, padding=1)
        self.conv5 = nn.Conv2D(num_features + 4 * growth_rate, num_features, 3, padding=1)
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, x):
        features = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            features = paddle.concat([features, self.lrelu(conv(features))], axis=1)
        return x + 0.2 * self.conv5(features)


class ResidualInResidualDenseBlock(nn.Layer):
    """Three residual dense blocks; a fifth of the result is added to the input (paper, Figure 4)."""

    def __init__(self, num_features: int, growth_rate: int):
        super().__init__()
        self.rdb1 = ResidualDenseBlock(num_features, growth_rate)
        self.rdb2 = ResidualDenseBlock(num_features, growth_rate)
        self.rdb3 = ResidualDenseBlock(num_features, growth_rate)

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class PixelUnshuffle(nn.Layer):
    """Folds squares of factor x factor pixels into channels; sides that are no multiple are continued by their last pixels.

    Paddle's own layer refuses pictures whose size is not known when the network is exported. This one is a convolution by kernels
    that pick one pixel each.
    """

    def __init__(self, factor: int, channels: int):
        super().__init__()
        self.factor = factor
        self.channels = channels
        kernels = paddle.eye(factor**2).reshape([factor**2, 1, factor, factor]).tile([channels, 1, 1, 1])
        self.register_buffer("kernels", kernels, persistable=False)

    def forward(self, x):
        x = F.pad(x, [0, self.factor - 1, 0, self.factor - 1], mode="replicate")
        return F.conv2d(x, self.kernels, stride=self.factor, groups=self.channels)


class RRDBNet(nn.Layer):
    """Network of residual-in-residual dense blocks, the generator of ESRGAN.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).
    Sides that are no multiple of 4 / scale are continued by their last pixels inside the network.

    Args:
        scale: Enlargement factor: 1, 2 or 4.
        num_features: Channels between the blocks.
        num_blocks: Residual-in-residual dense blocks.
        growth_rate: Channels that each convolution in a dense block adds.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: `scale` is none of 1, 2, 4.
    """

    def __init__(
        self,
        scale: int = 4,
        num_features: int = 64,
        num_blocks: int = 23,
        growth_rate: int = 32,
        in_channels: int = 3,
    ):
        super().__init__()
        if scale not in (1, 2, 4):
            raise ValueError(f"RRDBNet enlarges by 1, 2 or 4, not by {scale!r}")
        self.scale = scale
        self.fold = 4 // scale
        self.unshuffle = PixelUnshuffle(self.fold, in_channels)
        self.conv_first = nn.Conv2D(in_channels * self.fold**2, num_features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualInResidualDenseBlock(num_features, growth_rate) for _ in range(num_blocks)))
        self.conv_body = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.conv_up1 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.conv_up2 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.conv_hr = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.conv_last = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.lrelu = nn.LeakyReLU(0.2)
        init_like_pytorch(self)

    def forward(self, x):
        if self.fold == 1:
            return self._enlarge_four_times(x)
        height, width = paddle.shape(x)[2], paddle.shape(x)[3]
        y = self._enlarge_four_times(self.unshuffle(x))
        return y[:, :, : height * self.scale, : width * self.scale]

    def _enlarge_four_times(self, x):
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        x = self.lrelu(self.conv_up1(self.upsample(x)))
        x = self.lrelu(self.conv_up2(self.upsample(x)))
        return self.conv_last(self.lrelu(self.conv_hr(x)))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return (15 * len(self.body) + 6) * self.fold

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the state dicts of the two implementations before BasicSR's.

        The oldest numbers its layers: `model.0`, `model.1.sub.0.RDB1.conv1.0`, `model.1.sub.23`, `model.3` ... `model.10`.
        """
        key = re.sub(r"^model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.(?:0\.)?", r"body.\1.rdb\2.conv\3.", key)
        key = re.sub(r"^model\.1\.sub\.\d+\.(weight|bias)$", r"conv_body.\1", key)
        numbered = {"0": "conv_first", "3": "conv_up1", "6": "conv_up2", "8": "conv_hr", "10": "conv_last"}
        key = re.sub(r"^model\.(0|3|6|8|10)\.(weight|bias)$", lambda match: f"{numbered[match[1]]}.{match[2]}", key)
        names = {
            "RRDB_trunk.": "body.",
            ".RDB": ".rdb",
            "trunk_conv.": "conv_body.",
            "upconv": "conv_up",
            "HRconv.": "conv_hr.",
        }
        for official, ours in names.items():
            key = key.replace(official, ours)
        return key

    @staticmethod
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the RRDBNet that has a state dict of these shapes; None if it is no RRDBNet."""
        num_blocks = count_layers(shapes, "body.{}.rdb3.conv5.weight")
        if not num_blocks or len(shapes) != 12 + 30 * num_blocks or "conv_up2.weight" not in shapes:
            return None
        num_features, folded = shapes["conv_first.weight"][:2]
        in_channels = shapes["conv_last.weight"][0]
        return {
            "scale": {1: 4, 4: 2, 16: 1}[folded // in_channels],
            "num_features": num_features,
            "num_blocks": num_blocks,
            "growth_rate": shapes["body.0.rdb1.conv1.weight"][0],
            "in_channels": in_channels,
        }


class VGGDiscriminator(nn.Layer):
    """Tells photographs from the generator's images: (N, C, 128, 128) -> logits (N, 1), the larger the more like a photograph.

    Args:
        num_features: Channels of the first layers.
        in_channels: Channels of the images.
    """

    def __init__(self, num_features: int = 64, in_channels: int = 3):
        super().__init__()
        channels = in_channels
        for stage, widening in enumerate((1, 2, 4, 8, 8)):
            wider = num_features * widening
            # The first convolution has no batch norm, and is the only one with biases.
            self.add_sublayer(
                f"conv{stage}_0", nn.Conv2D(channels, wider, 3, padding=1, bias_attr=None if stage == 0 else False)
            )
            if stage > 0:
                self.add_sublayer(f"bn{stage}_0", nn.BatchNorm2D(wider))
            self.add_sublayer(f"conv{stage}_1", nn.Conv2D(wider, wider, 4, stride=2, padding=1, bias_attr=False))
            self.add_sublayer(f"bn{stage}_1", nn.BatchNorm2D(wider))
            channels = wider
        self.linear1 = nn.Linear(channels * 16, 100)
        self.linear2 = nn.Linear(100, 1)
        self.lrelu = nn.LeakyReLU(0.2)
        init_like_pytorch(self)

    def forward(self, x):
        for stage in range(5):
            for half in range(2):
                x = getattr(self, f"conv{stage}_{half}")(x)
                if stage + half > 0:
                    x = getattr(self, f"bn{stage}_{half}")(x)
                x = self.lrelu(x)
        return self.linear2(self.lrelu(self.linear1(x.flatten(1))))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels an output depends on: all."""
        return 10**6

    @staticmethod
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the discriminator that has a state dict of these shapes; None if it is none."""
        if len(shapes) != 51 or not all(key in shapes for key in ("conv0_0.bias", "bn4_1._mean", "linear2.weight")):
            return None
        num_features, in_channels = shapes["conv0_0.weight"][:2]
        return {"num_features": num_features, "in_channels": in_channels}


register_model(
    "esrgan",
    RRDBNet,
    scales=(4,),
    alias="rrdbnet",
    paper=PAPER,
    summary="The paper's generator: 23 RRDBs of 64 features.",
    reference="rrdbnet_x{scale}",
)
register_model(
    "esrgan",
    RRDBNet,
    scales=(1, 2),
    alias="rrdbnet",
    paper=PAPER,
    summary="Real-ESRGAN's form of the generator, with the input folded into channels.",
    reference="rrdbnet_basicsr_x{scale}",
)
register_model(
    "esrgan_discriminator",
    VGGDiscriminator,
    task="discriminator",
    paper=PAPER,
    summary="BasicSR's discriminator for images of 128 x 128 pixels.",
    reference="basicsr_vgg_discriminator_128",
)
