"""`python -m paddle_cv` is the command `paddle-cv`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
