"""Graphs exported from networks, and what runs them."""

from .runtime import ENGINES, PRECISIONS, available_engines, make_engine

__all__ = ["ENGINES", "PRECISIONS", "available_engines", "make_engine"]
