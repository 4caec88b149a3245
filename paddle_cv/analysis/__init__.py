"""What networks cost, and figures that compare their results."""

from .complexity import LayerCost, layer_costs
from .table import CostTable, cost_table, format_cost_table

__all__ = ["CostTable", "LayerCost", "cost_table", "format_cost_table", "layer_costs"]
