"""PaddleHub module: threefold super-resolution by the network rdn_lite_x3."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="rdn_x3",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Threefold super-resolution by the network rdn_lite_x3.",
)
class RdnX3(SuperResolutionModule):
    model = "rdn_lite_x3"
