"""PaddleHub module: the 1000 classes of ImageNet by the network inception_v3."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="inception_v3_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network inception_v3.",
)
class InceptionV3Imagenet(ClassificationModule):
    model = "inception_v3"
