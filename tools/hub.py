#!/usr/bin/env python
"""Puts the modules of this repository where hub.Module(name=...) finds them, and checks them there.

    python tools/hub.py list                   # what there is, and what is installed
    python tools/hub.py install [NAME ...]     # without names, all
    python tools/hub.py check [NAME ...]       # without names, all that are installed

The place is HUB_HOME, or else ~/.paddlehub. The exit code is 1 where `check` finds one that is not right, 2 for wrong arguments.
Where paddle_cv is installed, `python -m paddle_cv.hub` does the same from any directory.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from paddle_cv.hub.__main__ import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main("tools/hub.py", __doc__))
