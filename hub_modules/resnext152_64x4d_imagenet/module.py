"""PaddleHub module: the 1000 classes of ImageNet by the network resnext152_64x4d."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="resnext152_64x4d_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network resnext152_64x4d.",
)
class Resnext15264x4dImagenet(ClassificationModule):
    model = "resnext152_64x4d"
