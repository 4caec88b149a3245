"""What a network is told beside the image: the level of the noise, how the image was degraded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from ..data.srmd import COMPONENTS, SIZE, bicubic_degradation
from ..models import ModelSpec

__all__ = ["condition_inputs", "conditions_taken"]


def conditions_taken(spec: ModelSpec) -> set[str]:
    """Names of the arguments that a network takes beside the picture."""
    takes = {"sigma": ["noise_level"], "degradation": ["degradation", "kernel"]}
    taken = {argument for name in spec.extra_inputs for argument in takes[name]}
    if spec.extra_inputs.get("degradation", (0,))[0] > COMPONENTS:
        taken.add("noise_level")
    return taken


def condition_inputs(
    spec: ModelSpec,
    noise_level: Optional[float] = None,
    degradation: Optional[Sequence[float]] = None,
    kernel: Optional[np.ndarray] = None,
    basis: Optional[np.ndarray] = None,
) -> list[np.ndarray]:
    """The inputs beside the picture, for one picture.

    Args:
        spec: What the network is.
        noise_level: Standard deviation of the noise, of 255: for networks that are told it. SRMD takes 0 without it.
        degradation: For SRMD: the coefficients of the blur kernel, and the noise level of 1 last.
        kernel: For SRMD instead: the blur kernel itself, (15, 15), of sum 1; without it there is no blur.
        basis: The principal components (15, 225) that SRMD's weights were trained with. Only `degradation` does without.

    Raises:
        ValueError: Something the network needs is missing or of a wrong size, or something is given that it does not take.
    """
    given = {"noise_level": noise_level, "degradation": degradation, "kernel": kernel}
    taken = conditions_taken(spec)
    if degradation is not None and "degradation" in taken:  # it holds the noise level
        taken -= {"noise_level"}
    surplus = [argument for argument, value in given.items() if value is not None and argument not in taken]
    if surplus:
        raise ValueError(f"{spec.name} takes no {' and no '.join(surplus)}")
    inputs = []
    for name, shape in spec.extra_inputs.items():
        if name == "sigma":
            if noise_level is None:
                raise ValueError(f"{spec.name} needs noise_level=, the standard deviation of the noise, of 255")
            values = [noise_level / 255]
        else:
            values = degradation if degradation is not None else _srmd(spec, noise_level or 0, kernel, basis)
        if np.size(values) != np.prod(shape):
            raise ValueError(f"{spec.name}: {name} has {np.size(values)} values, {np.prod(shape)} are needed")
        inputs.append(np.asarray(values, np.float32).reshape(shape))
    return inputs


def _srmd(spec: ModelSpec, noise_level: float, kernel: Optional[np.ndarray], basis: Optional[np.ndarray]) -> np.ndarray:
    if basis is None:
        raise ValueError(
            f"{spec.name}: these weights came without the principal components of blur kernels that they were trained with, and "
            "others give nonsense; kernel_basis=FILE (--kernel-basis) takes the authors' srmd_pca_matlab.mat"
        )
    if kernel is None:
        coefficients = bicubic_degradation(COMPONENTS, basis)
    elif np.shape(kernel) == (SIZE, SIZE):
        coefficients = basis @ np.ravel(kernel)
    else:
        raise ValueError(f"a blur kernel of {SIZE} x {SIZE} pixels is needed, not {np.shape(kernel)}")
    return np.append(coefficients, noise_level / 255)[: spec.extra_inputs["degradation"][0]]
