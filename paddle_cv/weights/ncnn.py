"""Networks in the format of ncnn: a text of layers, `.param`, and their numbers behind each other, `.bin`.

The text lists the layers in the order in which they compute, with numbers by key: for convolutions 0 the outputs, 1 and 11 the
sides of the kernel, 5 whether there is a bias, 6 how many weights there are. Weights begin with a tag that says how they are kept;
biases and slopes are plain float32. Layers have the names that a converter gave them, and so say nothing of the network: what it
is, the caller has to say.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import paddle
from paddle import nn

from .arrays import array_of, dtype_of

__all__ = ["in_own_names", "is_ncnn", "read_ncnn"]

_MAGIC = "7767517"
_HALF, _FLOAT, _PLAIN = 0x01306B47, 0x0002C056, 0
_MAX_LAYERS = 100_000
# Layers without numbers of their own.
_EMPTY = frozenset(
    "Input Split Concat Eltwise BinaryOp UnaryOp Interp PixelShuffle ReLU Sigmoid TanH Clip Swish HardSigmoid HardSwish Pooling "
    "Padding Crop Reshape Permute Flatten Dropout Softmax Slice Noop Reorg".split()
)
_KINDS = (nn.Conv2D, nn.Linear, nn.PReLU)


def is_ncnn(path: Path) -> bool:
    """Whether a file is one of the two."""
    return path.suffix.lower() == ".param" or (path.suffix.lower() == ".bin" and path.with_suffix(".param").is_file())


def read_ncnn(path: Path) -> dict[str, np.ndarray]:
    """The entries `<layer>.weight` and `<layer>.bias` in the order in which the layers compute, laid out as PyTorch has them.

    Args:
        path: The `.param` or the `.bin` file; the other one lies beside it.

    Raises:
        FileNotFoundError: One of them is missing.
        ValueError: A layer that is not read, numbers that are kept in another way, or too few or too many of them.
    """
    lines = path.with_suffix(".param").read_text(encoding="utf-8").splitlines()
    numbers = _Numbers(path.with_suffix(".bin").read_bytes())
    if len(lines) < 2 or lines[0].strip() != _MAGIC or len(lines) > _MAX_LAYERS:
        raise ValueError("no text of ncnn's layers")
    state: dict[str, np.ndarray] = {}
    for line in lines[2:]:
        kind, name, *rest = line.split()
        facts = dict(fact.split("=", 1) for fact in rest[2 + int(rest[0]) + int(rest[1]) :])
        if kind in ("Convolution", "ConvolutionDepthWise"):
            outputs, width = int(facts["0"]), int(facts["1"])
            weights = numbers.tagged(int(facts["6"]))
            state[f"{name}.weight"] = weights.reshape(outputs, -1, int(facts.get("11", width)), width)
            if facts.get("5", "0") != "0":
                state[f"{name}.bias"] = numbers.plain(outputs)
        elif kind == "InnerProduct":
            outputs = int(facts["0"])
            state[f"{name}.weight"] = numbers.tagged(int(facts["2"])).reshape(outputs, -1)
            if facts.get("1", "0") != "0":
                state[f"{name}.bias"] = numbers.plain(outputs)
        elif kind == "PReLU":
            state[f"{name}.weight"] = numbers.plain(int(facts["0"]))
        elif kind not in _EMPTY:
            raise ValueError(f"a layer {kind}, which is not read")
    numbers.end()
    return state


class _Numbers:
    """The `.bin` file, from the front to the back."""

    def __init__(self, content: bytes):
        self._view, self._place = memoryview(content), 0

    def _take(self, count: int, code: str) -> np.ndarray:
        dtype = dtype_of(code)
        end = self._place + count * dtype.itemsize
        if count < 0 or end > len(self._view):
            raise ValueError("its numbers end in the middle")
        array = array_of(self._view[self._place : end], dtype, (count,))
        self._place = end + -end % 4
        return array

    def plain(self, count: int) -> np.ndarray:
        return self._take(count, "<f4")

    def tagged(self, count: int) -> np.ndarray:
        [tag] = struct.unpack("<I", self._take(4, "u1").tobytes())
        if tag not in (_HALF, _FLOAT, _PLAIN):
            raise ValueError("weights in 8 bits, which are not read")
        return self._take(count, "<f2").astype(np.float32) if tag == _HALF else self.plain(count)

    def end(self) -> None:
        if self._place < len(self._view):
            raise ValueError("more numbers than its layers have")


def in_own_names(state: Mapping[str, np.ndarray], network: nn.Layer) -> dict[str, np.ndarray] | None:
    """The entries of `read_ncnn` under the names of the network that somebody says they are for; None where they are for another.

    The layers of both, in the order in which they compute, have to be of the same kinds and shapes.
    """
    theirs = list(dict.fromkeys(key.rpartition(".")[0] for key in state))
    own = {key: list(value.shape) for key, value in network.state_dict().items()}
    ours = _order(network, channels=next(iter(state.values())).shape[1])
    if len(theirs) != len(ours):
        return None
    renamed = {}
    for name, layer in zip(theirs, ours):
        for kind in ("weight", "bias"):
            entry = state.get(f"{name}.{kind}")
            key = f"{layer}._weight" if f"{layer}._weight" in own and kind == "weight" else f"{layer}.{kind}"
            if entry is not None:
                renamed[key] = entry.T if entry.ndim == 2 else entry
    fits = {key: list(value.shape) for key, value in renamed.items()} == {
        key: shape for key, shape in own.items() if key.rpartition(".")[0] in ours
    }
    return renamed if fits else None


def _order(network: nn.Layer, channels: int) -> list[str]:
    """Names of the layers with weights in the order in which they compute; nothing where the network does not take the input."""
    order: list[str] = []
    hooks = [
        layer.register_forward_post_hook(lambda *_, name=name: order.append(name))
        for name, layer in network.named_sublayers()
        if isinstance(layer, _KINDS)
    ]
    training = network.training
    network.eval()
    try:
        with paddle.no_grad():
            network(paddle.zeros([1, channels, 8, 8]))
    except (ValueError, RuntimeError):
        return []
    finally:
        for hook in hooks:
            hook.remove()
        network.train() if training else network.eval()
    return order
