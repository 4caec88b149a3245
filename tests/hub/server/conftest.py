"""Modules for tests of the server."""

import pytest

from .support import module


@pytest.fixture
def echo():
    made = module("echo")
    made.open.set()
    yield made
    made.open.set()
