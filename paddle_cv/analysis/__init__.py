"""What networks cost, how they score, and figures that compare their results."""

from .comparison import side_by_side
from .complexity import LayerCost, layer_costs
from .evaluation import evaluate, find_test_set, mean_scores

__all__ = ["LayerCost", "evaluate", "find_test_set", "layer_costs", "mean_scores", "side_by_side"]
