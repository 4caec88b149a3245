"""PaddleHub module: the 1000 classes of ImageNet by the network vgg19."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import ClassificationModule


@moduleinfo(
    name="vgg19_imagenet",
    version="1.0.0",
    type="CV/image_classification",
    author="paddle_cv",
    author_email="",
    summary="Names the 1000 classes of ImageNet by the network vgg19.",
)
class Vgg19Imagenet(ClassificationModule):
    model = "vgg19"
