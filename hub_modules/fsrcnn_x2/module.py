"""PaddleHub module: twofold super-resolution by the network fsrcnn_x2."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="fsrcnn_x2",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Twofold super-resolution by the network fsrcnn_x2.",
)
class FsrcnnX2(SuperResolutionModule):
    model = "fsrcnn_x2"
