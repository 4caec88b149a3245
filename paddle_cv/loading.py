"""`paddle_cv.load`: a predictor by the name of its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from .inference import Chain
from .inference.registry import predictor_class
from .models.tracing import paddle_lock
from .starts import Start

__all__ = ["load"]


def load(
    name: Union[str, Sequence[str]],
    weights: Optional[Union[str, Path, Sequence[Optional[Union[str, Path]]]]] = None,
    engine: str = "auto",
    device: str = "auto",
    **options: Any,
):
    """A predictor of the network's task: `load("rdn_x4").predict("photo.jpg").save("large.png")`.

    Args:
        name: A registered name or a hub module's; or several, for a chain: `load(["dncnn_gray_s25", "rdn_x4"])` denoises and
            then enlarges.
        weights: A weight file; None for the shipped or published one. `load("rdn_x4", weights=...)` takes any RDN that enlarges
            by 4 (see `load_network`). For a chain a list, one for each network.
        engine: `openvino`, `onnxruntime`, `paddle_inference`, `dygraph` or `auto` (see `make_engine`).
        device: `cpu`, `gpu`, `gpu:<number>` or `auto`.
        **options: Further arguments of the predictor, such as `precision="float32"`. In a chain `outscale` and `max_megapixels`
            are those of the whole, the others go to each network.

    Returns:
        The predictor of the network's task, such as a `ClassificationPredictor` or a `RestorationPredictor`; a `Chain` for several
        names.

    Raises:
        KeyError: No such name.
        FileNotFoundError: No weights are shipped or published for it, they cannot be fetched (`FetchError`), or no file at
            `weights`.
        ValueError: The weights are of another family or scale; no such engine or device; classifiers in a chain; a network for a
            task that no predictor does.
    """
    if isinstance(name, str) and "+" in name:  # as on the command line
        name = name.split("+")
    if isinstance(name, str):
        return _load(Start(name, weights, engine, device, options), options)
    files = [None] * len(name) if weights is None else weights
    if isinstance(files, (str, Path)) or len(files) != len(name):
        raise ValueError(f"a chain of {len(name)} networks needs a list of as many weights")
    of_all = {key: options.pop(key) for key in ("outscale", "max_megapixels") if key in options}
    starts = [Start(one, file, engine, device, options) for one, file in zip(name, files)]
    return Chain([_load(start, options) for start in starts], **of_all)


def _load(start: Start, options: Mapping[str, Any]):
    kept = start.find()
    if kept is not None:
        network, spec, engine = kept
        return predictor_class(spec.task)(network, spec, engine=engine, device=start.device, **options)
    return _built(start, options)


def _built(start: Start, options: Mapping[str, Any]):
    """The predictor of one network, which is built in Paddle; what that found out is kept for the next start."""
    from .api import load_network
    from .models import model_spec

    try:
        kind = predictor_class(model_spec(start.name).task)
    except ValueError as error:
        raise ValueError(f"{start.name}: {error}; create_model({start.name!r}) builds the network") from None
    with paddle_lock:  # another thread may be exporting a graph
        network, found = load_network(start.name, start.weights)
    predictor = kind(network, found, engine=start.engine, device=start.device, **options)
    start.keep(network, found, predictor.engine)
    return predictor
