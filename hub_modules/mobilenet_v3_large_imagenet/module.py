"""PaddleHub module: the 1000 classes of ImageNet by the network mobilenet_v3_large."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="mobilenet_v3_large_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network mobilenet_v3_large.",
)
class MobilenetV3LargeImagenet(ClassificationModule):
    model = "mobilenet_v3_large"
