"""MODNet: Zhanghan Ke, Jiayu Sun, Kaican Li, Qiong Yan, Rynson W. H. Lau,
"MODNet: Real-Time Trimap-Free Portrait Matting via Objective Decomposition", AAAI 2022 (arXiv:2011.11961).

Three branches on MobileNetV2: where the person is, at 1/16 of the image's sides; the details of the outline; and the
opacity, from both. Agrees with the authors' PyTorch implementation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..classification.mobilenet_v2 import MobileNetV2
from ..detection import detector
from ..network import Network
from ..registry import register_model
from .base import MattingSpec

__all__ = ["MODNet"]


def double(x: paddle.Tensor) -> paddle.Tensor:
    """Enlarged twice."""
    return F.interpolate(x, scale_factor=2, mode="bilinear")


class IBNorm(nn.Layer):
    """Batch normalisation of the first half of the channels, instance normalisation of the second."""

    def __init__(self, channels: int):
        super().__init__()
        self.bnorm = nn.BatchNorm2D(channels // 2)
        self.inorm = nn.InstanceNorm2D(channels // 2, weight_attr=False, bias_attr=False)

    def forward(self, x):
        first, second = x.chunk(2, axis=1)
        return paddle.concat([self.bnorm(first), self.inorm(second)], axis=1)


class Conv(nn.Layer):
    """A convolution; with `norm` normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, norm: bool = True):
        super().__init__()
        conv = nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2)
        self.layers = nn.Sequential(conv, *([IBNorm(out_channels), nn.ReLU()] if norm else []))

    def forward(self, x):
        return self.layers(x)


class SEBlock(nn.Layer):
    """Weights each channel by a number in (0, 1) that a bottleneck computes from the channels' means."""

    def __init__(self, channels: int, reduction: int = 4):
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias_attr=False),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels, bias_attr=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.fc(x.mean([2, 3])).unsqueeze([2, 3])


class SemanticBranch(nn.Layer):
    """Where the person is (section 3.2): the features at 1/8, and, for training, the coarse opacity at 1/16."""

    def __init__(self, channels: Sequence[int]):
        super().__init__()
        _, _, eighth, sixteenth, last = channels
        self.se_block = SEBlock(last)
        self.conv_lr16x = Conv(last, sixteenth, 5)
        self.conv_lr8x = Conv(sixteenth, eighth, 5)
        self.conv_lr = Conv(eighth, 1, 3, stride=2, norm=False)

    def forward(self, enc32x):
        return self.conv_lr8x(double(self.conv_lr16x(double(self.se_block(enc32x)))))


class DetailBranch(nn.Layer):
    """The outline (section 3.3): the features at 1/2, and, for training, the opacity along the outline."""

    def __init__(self, channels: Sequence[int], num_features: int):
        super().__init__()
        half, quarter, eighth, *_ = channels
        n = num_features
        self.tohr_enc2x = Conv(half, n, 1)
        self.conv_enc2x = Conv(n + 3, n, 3, stride=2)
        self.tohr_enc4x = Conv(quarter, n, 1)
        self.conv_enc4x = Conv(2 * n, 2 * n, 3)
        self.conv_hr4x = nn.Sequential(Conv(2 * n + eighth + 3, 2 * n, 3), Conv(2 * n, 2 * n, 3), Conv(2 * n, n, 3))
        self.conv_hr2x = nn.Sequential(Conv(2 * n, 2 * n, 3), Conv(2 * n, n, 3), Conv(n, n, 3), Conv(n, n, 3))
        self.conv_hr = nn.Sequential(Conv(n + 3, n, 3), Conv(n, 1, 1, norm=False))

    def forward(self, image, enc2x, enc4x, lr8x):
        image2x = F.interpolate(image, scale_factor=0.5, mode="bilinear")
        image4x = F.interpolate(image, scale_factor=0.25, mode="bilinear")
        enc2x = self.tohr_enc2x(enc2x)
        hr4x = self.conv_enc2x(paddle.concat([image2x, enc2x], axis=1))
        hr4x = self.conv_enc4x(paddle.concat([hr4x, self.tohr_enc4x(enc4x)], axis=1))
        hr4x = self.conv_hr4x(paddle.concat([hr4x, double(lr8x), image4x], axis=1))
        return self.conv_hr2x(paddle.concat([double(hr4x), enc2x], axis=1))


class FusionBranch(nn.Layer):
    """The opacity (section 3.4), before its sigmoid."""

    def __init__(self, channels: Sequence[int], num_features: int):
        super().__init__()
        eighth, n = channels[2], num_features
        self.conv_lr4x = Conv(eighth, n, 5)
        self.conv_f2x = Conv(2 * n, n, 3)
        self.conv_f = nn.Sequential(Conv(n + 3, n // 2, 3), Conv(n // 2, 1, 1, norm=False))

    def forward(self, image, lr8x, hr2x):
        lr2x = double(self.conv_lr4x(double(lr8x)))
        f2x = self.conv_f2x(paddle.concat([lr2x, hr2x], axis=1))
        return self.conv_f(paddle.concat([double(f2x), image], axis=1))


class MODNet(Network):
    """MODNet: (N, 3, H, W), RGB in [-1, 1], -> opacity (N, 1, H, W) in [0, 1]; sides are multiples of 32.

    In training it gives three: the opacity, the coarse one (N, 1, H / 16, W / 16) and the one along the outline (N, 1, H, W).

    Args:
        num_features: Channels of the detail and the fusion branch.
    """

    # Places of the features at 1/2, 1/4, 1/8, 1/16 and 1/32 among those of MobileNetV2.
    stages = (1, 3, 6, 13, 18)

    def __init__(self, num_features: int = 32):
        super().__init__()
        self.backbone = MobileNetV2()
        self.backbone.cut_after(self.stages[-1])
        channels = [self.backbone.feature_info[stage].channels for stage in self.stages]
        self.lr_branch = SemanticBranch(channels)
        self.hr_branch = DetailBranch(channels, num_features)
        self.f_branch = FusionBranch(channels, num_features)

    def forward(self, x):
        if self.training:
            semantic, detail, matte = self.all_outputs(x)
            return matte, semantic, detail
        lr8x, hr2x = self._features(x)
        return F.sigmoid(self.f_branch(x, lr8x, hr2x))

    def all_outputs(self, x: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
        """The coarse opacity, the one along the outline, and the opacity."""
        lr8x, hr2x = self._features(x)
        semantic = self.lr_branch.conv_lr(lr8x)
        detail = self.hr_branch.conv_hr(paddle.concat([double(hr2x), x], axis=1))
        return F.sigmoid(semantic), F.sigmoid(detail), F.sigmoid(self.f_branch(x, lr8x, hr2x))

    def _features(self, x):
        enc2x, enc4x, enc32x = self.backbone.forward_features(x, [self.stages[place] for place in (0, 1, 4)])
        lr8x = self.lr_branch(enc32x)
        return lr8x, self.hr_branch(x, enc2x, enc4x, lr8x)

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The authors' entries under our names; they have the backbone twice."""
        return {_own_key(key): value for key, value in state.items() if not key.startswith("lr_branch.backbone.")}

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MODNet that has a state dict of these shapes; None if it is none."""
        fused = shapes.get("f_branch.conv_lr4x.layers.0.weight")
        if not fused or "backbone.features.18.0.weight" not in shapes:
            return None
        return {"num_features": fused[0]}


def _own_key(key: str) -> str:
    """Our name of an entry: the authors' MobileNetV2 numbers all layers of a block in a row."""
    found = re.fullmatch(r"backbone\.model\.features\.(\d+)\.conv\.(\d)\.(\w+)", key)
    if not found:
        return key.replace("backbone.model.", "backbone.", 1)
    block, (place, inner) = int(found[1]), divmod(int(found[2]), 3)  # each convolution has a normalisation and a ReLU6
    last = 1 if block == 1 else 2  # the narrowing one, which stands alone
    return f"backbone.features.{block}.conv.{last + inner if place == last else f'{place}.{inner}'}.{found[3]}"


register_model(
    "modnet",
    MODNet,
    paper="Ke, Sun, Li, Yan, Lau: MODNet: Real-Time Trimap-Free Portrait Matting via Objective Decomposition, AAAI 2022",
    summary="Opacity of people, without a trimap, on MobileNetV2.",
    spec=MattingSpec,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    multiple=32,
)
