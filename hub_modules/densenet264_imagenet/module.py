"""PaddleHub module: the 1000 classes of ImageNet by the network densenet264."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="densenet264_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network densenet264.",
)
class Densenet264Imagenet(ClassificationModule):
    model = "densenet264"
