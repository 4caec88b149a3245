"""PaddleHub module: denoising of pictures by the network dncnn_lite_gray_s25."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import DenoisingModule


@moduleinfo(
    name="dncnn_gray_s25",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Denoising of pictures by the network dncnn_lite_gray_s25.",
)
class DncnnGrayS25(DenoisingModule):
    model = "dncnn_lite_gray_s25"
