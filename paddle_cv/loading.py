"""`paddle_cv.load`: a predictor by the name of its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from .inference import Chain
from .inference.registry import predictor_class
from .models.tracing import paddle_lock
from .starts import Kept, Start

__all__ = ["load", "load_with"]


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
    return load_with(name, weights, engine, device, options)


def load_with(
    name: Union[str, Sequence[str]],
    weights: Optional[Union[str, Path, Sequence[Optional[Union[str, Path]]]]],
    engine: str,
    device: str,
    options: Mapping[str, Any],
    further: Callable[[Sequence[type]], Mapping[str, Any]] = lambda kinds: {},
):
    """`load`, for programs that find out from the tasks of the networks what their users may have asked for.

    Args:
        name: As for `load`, and so are the next three.
        weights: `load` says.
        engine: `load` says.
        device: `load` says.
        options: Further arguments of each predictor, `threads` and `precision` among them.
        further: Gives more of them for the classes of the predictors; whatever it raises is raised before a network is built.
    """
    names = name.split("+") if isinstance(name, str) else list(name)  # the sign as on the command line
    chained = not isinstance(name, str) or len(names) > 1
    if not chained:
        weights = [weights]
    files = [None] * len(names) if weights is None else weights
    if isinstance(files, (str, Path)) or len(files) != len(names):
        raise ValueError(f"a chain of {len(names)} networks needs a list of as many weights")
    starts = [Start(one, file, engine, device, options) for one, file in zip(names, files)]
    found = [start.find() for start in starts]
    kinds = [_kind(start, kept) for start, kept in zip(starts, found)]
    options = {**options, **further(kinds)}
    of_all = {key: options.pop(key) for key in ("outscale", "max_megapixels") if chained and key in options}
    predictors = [_predictor(*parts, options) for parts in zip(starts, found, kinds)]
    return Chain(predictors, **of_all) if chained else predictors[0]


def _kind(start: Start, kept: Optional[Kept]) -> type:
    """The class of the predictor."""
    if kept is not None:
        return predictor_class(kept.spec.task)
    from .models import model_spec

    try:
        return predictor_class(model_spec(start.name).task)
    except ValueError as error:
        raise ValueError(f"{start.name}: {error}; create_model({start.name!r}) builds the network") from None


def _predictor(start: Start, kept: Optional[Kept], kind: type, options: Mapping[str, Any]):
    if kept is not None:
        return kind(kept.network, kept.spec, engine=kept.engine, device=start.device, **options)
    from .api import load_network

    with paddle_lock:  # another thread may be exporting a graph
        network, spec = load_network(start.name, start.weights)
    predictor = kind(network, spec, engine=start.engine, device=start.device, **options)
    start.keep(network, spec, predictor.engine)
    return predictor
