"""PaddleHub module: names handwritten digits by the network lenet."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="lenet_mnist",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names handwritten digits by the network lenet.",
)
class LenetMnist(ClassificationModule):
    model = "lenet"
