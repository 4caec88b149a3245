"""PaddleHub module: fourfold super-resolution by the network srcnn_955_x4."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="srcnn_x4",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Fourfold super-resolution by the network srcnn_955_x4.",
)
class SrcnnX4(SuperResolutionModule):
    model = "srcnn_955_x4"
