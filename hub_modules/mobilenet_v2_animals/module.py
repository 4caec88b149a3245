"""PaddleHub module: animals, by the network mobilenet_v2."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import AnimalModule


@moduleinfo(
    name="mobilenet_v2_animals",
    version="1.1.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names animals by the network mobilenet_v2, with the published module's weights or those of a training.",
)
class MobilenetV2Animals(AnimalModule):
    model = "mobilenet_v2"
