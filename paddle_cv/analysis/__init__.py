"""What networks cost, and figures that compare their results."""

from .complexity import LayerCost, layer_costs

__all__ = ["LayerCost", "layer_costs"]
