"""PaddleHub module: names handwritten digits by the network mnist_cnn_bn."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="mnist_cnn_bn",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names handwritten digits by the network mnist_cnn_bn.",
)
class MnistCnnBn(ClassificationModule):
    model = "mnist_cnn_bn"
