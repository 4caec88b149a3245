"""DnCNN: Kai Zhang, Wangmeng Zuo, Yunjin Chen, Deyu Meng, Lei Zhang,
"Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising", TIP 2017 (arXiv:1608.03981).

Figure 1: a chain of convolutions with batch normalisation that finds the noise, which is subtracted. 17 layers where the
noise level is known, 20 where it is not. It agrees with the PyTorch code of KAIR by the paper's first author, whose epsilon
is 1e-4; the weights published there have the normalisation merged into the convolutions (`batch_norm=False`). Ports whose
layers are called `dncnn` leave out biases, and their epsilon may be 1e-5: their weights are converted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
from paddle import nn

from ..detection import detector
from ..layers import conv_stack, read_conv_stack, store
from ..network import Network
from .base import register_model

__all__ = ["DnCNN"]

PAPER = "Zhang, Zuo, Chen, Meng, Zhang: Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising, TIP 2017"


class DnCNN(Network):
    """The input without the noise that a chain of convolutions finds in it.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        num_layers: Convolutions (the paper's D).
        num_features: Channels between them.
        in_channels: Channels of the input and of the output.
        batch_norm: Whether the inner convolutions are normalised; False where the normalisation is merged into them.
        noise_level: Standard deviation of the noise that the weights are for, of 255; None: any.
    """

    def __init__(
        self,
        num_layers: int = 17,
        num_features: int = 64,
        in_channels: int = 1,
        batch_norm: bool = True,
        noise_level: Optional[int] = None,
    ):
        super().__init__()
        store(self, noise_level=noise_level)
        self.model = conv_stack(in_channels, num_features, in_channels, num_layers, batch_norm)

    def forward(self, x):
        # A sum, as training on CPUs needs it: oneDNN's gradient of x - y with respect to y has the wrong sign (Paddle 3.3.1).
        return x + -self.model(x)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return sum(isinstance(layer, nn.Conv2D) for layer in self.model)

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries of the ports that have `dncnn` for `model`; other state dicts stay as they are.

        The author's own training code has a bias in the first convolution only and our epsilon. The port that it goes back
        to has none there either, and PyTorch's epsilon of 1e-5, which is made up for in the variances.
        """
        state = _without_blocks(state)
        if not state or not all(key.startswith("dncnn.") for key in state):
            return state
        renamed = {key.replace("dncnn.", "model.", 1): value for key, value in state.items()}
        missing = 0.0 if "model.0.bias" in renamed else 1e-5 - 1e-4
        for key, value in list(renamed.items()):
            if key.endswith(".running_var"):
                renamed[key] = value + np.float32(missing)
            elif re.fullmatch(r"model\.\d+\.weight", key) and value.ndim == 4:
                renamed.setdefault(key.replace("weight", "bias"), np.zeros(value.shape[0], np.float32))
        return renamed

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DnCNN that has a state dict of these shapes; None if it is no DnCNN."""
        found = read_conv_stack(shapes)
        # Seven layers without normalisation are an IRCNN.
        if found is None or found.in_channels != found.out_channels or (found.num_layers == 7 and not found.batch_norm):
            return None
        return {
            "num_layers": found.num_layers,
            "num_features": found.num_features,
            "in_channels": found.in_channels,
            "batch_norm": found.batch_norm,
        }


def _without_blocks(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entries of a port that has a block for each layer, `layers.3.0.weight`, and PyTorch's epsilon; others stay."""
    blocks = {int(match[1]) for key in state if (match := re.fullmatch(r"layers\.(\d+)\.0\.weight", key))}
    if not blocks or not all(key.startswith("layers.") for key in state):
        return state
    # The first has no batch normalisation between the convolution and the ReLU, and the last no block.
    normalised = "layers.1.1.running_var" in state
    renamed = {}
    for key, value in state.items():
        _, number, *rest = key.split(".")
        place = 0 if number == "0" else 2 + (int(number) - 1) * (3 if normalised else 2)
        place += int(rest[0]) if len(rest) > 1 else 0
        if rest[-1] == "running_var":
            value = value + np.float32(1e-5 - 1e-4)
        renamed[f"model.{place}.{rest[-1]}"] = value
    return renamed


def _register(kind: str, reference: str, summary: str, **hyperparameters: Any) -> None:
    for merged in (False, True):
        register_model(
            f"dncnn_{kind}" + ("_merged" if merged else ""),
            DnCNN,
            task="denoising",
            paper=PAPER,
            summary=summary + (" Batch normalisation merged into the convolutions." if merged else ""),
            hyperparameters={**hyperparameters, "batch_norm": not merged},
            in_channels=hyperparameters["in_channels"],
            reference=reference + ("_merged" if merged else ""),
        )


for _level in (15, 25, 50):
    _register(
        f"gray_s{_level}",
        "dncnn_s",
        f"For grey pictures with Gaussian noise of standard deviation {_level}/255.",
        num_layers=17,
        in_channels=1,
        noise_level=_level,
    )
_register("gray_blind", "dncnn_b", "For grey pictures with Gaussian noise of any level.", num_layers=20, in_channels=1)
_register(
    "color_blind",
    "dncnn_color_blind",
    "For RGB pictures with Gaussian noise of any level.",
    num_layers=20,
    in_channels=3,
)
register_model(
    "dncnn_lite_gray_s25",
    DnCNN,
    task="denoising",
    paper=PAPER,
    summary="As dncnn_gray_s25, but 12 layers of 32 channels without normalisation: it can be trained on a laptop's CPU.",
    hyperparameters={"num_layers": 12, "num_features": 32, "in_channels": 1, "batch_norm": False, "noise_level": 25},
    in_channels=1,
    hub_modules={None: "dncnn_gray_s25"},
    reference=None,
)
