"""PaddleHub module: the 1000 classes of ImageNet by the network resnet50."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="resnet50_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network resnet50.",
)
class Resnet50Imagenet(ClassificationModule):
    model = "resnet50"
