"""What classifiers cost, side by side, in the rows that courses use: the first convolutions, the others, the dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from .complexity import LayerCost
from .table import CostTable

__all__ = ["course_table", "short_number"]

#: Weights, and multiply-accumulates.
Cost = tuple[int, int]


def short_number(number: int) -> str:
    """Three digits and a unit: 23.2K, 70.3M, 1.14G."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if number >= size:
            digits = 2 if number < 10 * size else 1 if number < 100 * size else 0
            return f"{number / size:.{digits}f}{unit}"
    return str(number)


def course_table(tables: Sequence[CostTable]) -> str:
    """The costs of several networks side by side, as lines of text.

    Parameters are weights without biases, operations are multiply-accumulates for the picture that the table was made for. The
    convolutions from the third on are one row. "output" is the last dense layer, whose size follows from the number of classes.

    Args:
        tables: What `cost_table` returns for each network.
    """
    split = [_split(table.layers) for table in tables]
    convs = max(len(conv) for conv, _, _ in split)
    others = max(len(dense) for _, dense, _ in split)
    rows: list[tuple[str, list[Optional[Cost]]]] = []
    for number in range(min(convs, 2)):
        rows.append((f"conv{number + 1}", [_sum(conv[number : number + 1]) for conv, _, _ in split]))
    if convs > 2:
        rows.append(("conv3" if convs == 3 else f"conv3-{convs}", [_sum(conv[2:]) for conv, _, _ in split]))
    for number in range(others):
        rows.append((f"dense{number + 1}", [_sum(dense[number : number + 1]) for _, dense, _ in split]))
    rows.append(("output", [_sum(output) for _, _, output in split]))
    rows.append(("all but output", [_sum(conv + dense) for conv, dense, _ in split]))
    rows.append(("total", [_sum(conv + dense + output) for conv, dense, output in split]))
    lines = [["", *(cell for table in tables for cell in (table.name, ""))]]
    lines.append(["layer", *(["parameters", "operations"] * len(tables))])
    for name, costs in rows:
        lines.append([name, *(cell for cost in costs for cell in (map(short_number, cost) if cost else "--"))])
    lines.append(["all parameters", *(cell for table in tables for cell in (f"{table.parameters:,}", ""))])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


def _split(layers: Sequence[LayerCost]) -> tuple[list[LayerCost], list[LayerCost], list[LayerCost]]:
    """Convolutions, hidden dense layers, and the last dense layer."""
    dense = [layer for layer in layers if layer.kind == "Linear"]
    return [layer for layer in layers if layer.kind != "Linear"], dense[:-1], dense[-1:]


def _sum(layers: Sequence[LayerCost]) -> Optional[Cost]:
    """None where there are no such layers."""
    return (sum(layer.weights for layer in layers), sum(layer.macs for layer in layers)) if layers else None
