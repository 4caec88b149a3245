"""Stylization: one family a file, each of which registers its networks when it is imported."""

from ..discovery import import_modules

import_modules(__name__)
