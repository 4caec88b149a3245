"""PaddleHub module: the 1000 classes of ImageNet by the network wide_resnet101_2."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="wide_resnet101_2_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network wide_resnet101_2.",
)
class WideResnet1012Imagenet(ClassificationModule):
    model = "wide_resnet101_2"
