#!/usr/bin/env python
"""The command `paddle-cv summary`, in a clone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from paddle_cv.cli import run  # noqa: E402

if __name__ == "__main__":
    sys.exit(run("summary"))
