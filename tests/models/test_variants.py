"""Classifiers with variants refuse those that do not exist."""

import pytest

from paddle_cv.models import build_model


def test_unknown_variants_are_refused():
    with pytest.raises(ValueError, match="cifar10 and imagenet"):
        build_model("nin_cifar10", dataset="mnist")
    with pytest.raises(ValueError, match="11, 13, 16 or 19"):
        build_model("vgg16", depth=17)
    with pytest.raises(ValueError, match="1.0 and 1.1"):
        build_model("squeezenet1_0", version="1.2")
