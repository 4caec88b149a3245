"""The cost of a registered network as a table, at the sizes of the published tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..models import build_model, model_spec
from .complexity import LayerCost, layer_costs

__all__ = ["CostTable", "cost_table", "format_cost_table"]


@dataclass(frozen=True)
class CostTable:
    """What a network costs.

    Attributes:
        name: Registered name.
        input_shape: Shape of the input that was counted with, NCHW.
        layers: Its convolutions and fully connected layers.
        parameters: All numbers that are learned, those of other layers as well.
        fixed: Numbers of the state that are not learned: mean shifts, running statistics.
    """

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerCost, ...]
    parameters: int
    fixed: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers, a transposed convolution counted for each input pixel."""
        return sum(layer.macs for layer in self.layers)

    @property
    def macs_per_output(self) -> int:
        """The same in the convention of the published super-resolution tables (see `LayerCost.macs_per_output`)."""
        return sum(layer.macs_per_output for layer in self.layers)


def cost_table(name: str, width: Optional[int] = None, height: Optional[int] = None) -> CostTable:
    """Counts what a registered network costs for one picture.

    Args:
        name: Registered name or alias.
        width: Width in pixels of the network's output where it enlarges, as in the published tables, and of its input
            elsewhere: the input of a network for x4 is a quarter as wide, rounded down. None: 1280, or what a classifier's
            pictures have.
        height: The same for the height; None: 720, or what a classifier's pictures have.

    Raises:
        KeyError: No such name.
        ValueError: The size is too small for the network.
    """
    spec = model_spec(name)
    width = width or spec.input_size or 1280
    height = height or spec.input_size or 720
    factor = spec.network_scale
    shape = (1, spec.in_channels, height // factor, width // factor)
    if min(shape) < 1:
        raise ValueError(f"{width}x{height} pixels are too few for a network that enlarges by {factor}")
    network = build_model(name)
    layers = layer_costs(network, shape, *([1, *extra] for extra in spec.extra_inputs.values()))
    # By identity, so that a tensor under several names counts once.
    entries = {id(value): value for value in [*network.parameters(), *network.state_dict().values()]}
    sizes = {True: 0, False: 0}
    for value in entries.values():
        sizes[value.stop_gradient] += int(value.size)
    return CostTable(spec.name, shape, tuple(layers), parameters=sizes[False], fixed=sizes[True])


def format_cost_table(table: CostTable) -> str:
    """The table as lines of text: layers, what is not in them, and the totals."""
    per_output = table.macs_per_output != table.macs
    header = ["layer", "kind", "output", "parameters", "MACs"]
    rows = [
        [
            layer.name,
            layer.kind,
            "x".join(str(side) for side in layer.output_shape[1:]),
            f"{layer.parameters:,}",
            f"{layer.macs:,}",
            f"{layer.macs_per_output:,}",
        ]
        for layer in table.layers
    ]
    others = table.parameters + table.fixed - sum(layer.parameters for layer in table.layers)
    if others:
        rows.append(["all other layers", "", "", f"{others:,}", "", ""])
    learned = [f"{table.parameters:,}", f"{table.macs:,}", f"{table.macs_per_output:,}"]
    rows.append(["total", "", "", f"{table.parameters + table.fixed:,}", *learned[1:]])
    if table.fixed:
        rows.append(["learned of it", "", "", learned[0], "", ""])
    if per_output:
        header.append("per output pixel")
    rows = [row[: len(header)] for row in rows]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [f"{table.name}, input {'x'.join(map(str, table.input_shape))}", ""]
    for row in [header, *rows]:
        cells = [
            cell.ljust(size) if column < 3 else cell.rjust(size) for column, (cell, size) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
