"""PaddleHub module: fourfold super-resolution by the network fsrcnn_x4."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="fsrcnn_x4",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Fourfold super-resolution by the network fsrcnn_x4.",
)
class FsrcnnX4(SuperResolutionModule):
    model = "fsrcnn_x4"
