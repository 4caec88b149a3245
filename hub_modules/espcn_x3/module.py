"""PaddleHub module: threefold super-resolution by the network espcn_x3."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="espcn_x3",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Threefold super-resolution by the network espcn_x3.",
)
class EspcnX3(SuperResolutionModule):
    model = "espcn_x3"
