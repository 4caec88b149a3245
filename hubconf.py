"""What `paddle.hub.list`, `help` and `load(<this repository>, NAME, source="local")` find: every registered network."""

from __future__ import annotations

import os as _os
import sys as _sys

# The repository itself comes first, so that its own paddle_cv is used and not an installed one.
_sys.path.insert(0, _os.path.dirname(_os.path.abspath(__file__)))
try:
    from paddle_cv.api import create_model as _create_model
    from paddle_cv.models import list_aliases as _list_aliases
    from paddle_cv.models import list_models as _list_models
    from paddle_cv.models import model_spec as _model_spec
finally:
    _sys.path.pop(0)

dependencies = ["paddle", "numpy", "PIL"]


def _origin(spec):
    if spec.hub_module:
        return "shipped"
    return f"fetched from {spec.published.url}" if spec.published else "there are none: an error"


def _entry(name):
    spec = _model_spec(name)

    def build(pretrained=True, **hyperparameters):
        return _create_model(name, pretrained=pretrained, **hyperparameters)

    build.__name__ = name
    build.__doc__ = f"""{spec.summary}

    Paper: {spec.paper}

    Args:
        pretrained: True for trained weights ({_origin(spec)}), the path of a weight file, or False for new weights.
        **hyperparameters: Override {dict(spec.hyperparameters)}.

    Returns:
        A paddle.nn.Layer in train mode, for {spec.inputs}.
    """
    return build


for _name in [*_list_models(), *_list_aliases()]:
    globals()[_name] = _entry(_name)
