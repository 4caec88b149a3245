"""Graphs exported from networks, and what runs them."""

from .runtime import ENGINES, available_engines, make_engine

__all__ = ["ENGINES", "available_engines", "make_engine"]
