"""What networks cost, how they score, and figures that compare their results."""

from . import show
from .cards import card_table, exercise_table, fill_marked, read_card, score_table, shipped_table
from .comparison import busiest_box, paper_figure, side_by_side
from .complexity import LayerCost, layer_costs
from .course import course_table
from .evaluation import find_test_set, mean_scores, measure
from .evaluations.classification import accuracy, find_labelled_set
from .evaluations.denoising import evaluate_denoising
from .evaluations.super_resolution import evaluate
from .shipped import ShippedScore, find_set, measure_shipped
from .table import CostTable, cost_table, format_cost_table

__all__ = [
    "CostTable",
    "LayerCost",
    "ShippedScore",
    "accuracy",
    "busiest_box",
    "card_table",
    "cost_table",
    "course_table",
    "evaluate",
    "evaluate_denoising",
    "exercise_table",
    "fill_marked",
    "find_labelled_set",
    "find_set",
    "find_test_set",
    "format_cost_table",
    "layer_costs",
    "mean_scores",
    "measure",
    "measure_shipped",
    "paper_figure",
    "read_card",
    "score_table",
    "shipped_table",
    "show",
    "side_by_side",
]
