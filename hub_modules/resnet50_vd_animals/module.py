"""PaddleHub module: animals, by the network resnet50d."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import AnimalModule


@moduleinfo(
    name="resnet50_vd_animals",
    version="1.1.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names animals by the network resnet50d, with the published module's weights or those of a training.",
)
class Resnet50VdAnimals(AnimalModule):
    model = "resnet50d"
