"""What networks cost, how they score, and figures that compare their results."""

from .cards import card_table, fill_marked, read_card, score_table
from .comparison import side_by_side
from .complexity import LayerCost, layer_costs
from .evaluation import evaluate, find_test_set, mean_scores

__all__ = [
    "LayerCost",
    "card_table",
    "evaluate",
    "fill_marked",
    "find_test_set",
    "layer_costs",
    "mean_scores",
    "read_card",
    "score_table",
    "side_by_side",
]
