"""PaddleHub module: the 1000 classes of ImageNet by the network shufflenet_v2_x0_5."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="shufflenet_v2_x0_5_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network shufflenet_v2_x0_5.",
)
class ShufflenetV2X05Imagenet(ClassificationModule):
    model = "shufflenet_v2_x0_5"
