"""PaddleHub module: fourfold super-resolution by the network rdn_lite_x4."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="rdn_x4",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Fourfold super-resolution by the network rdn_lite_x4.",
)
class RdnX4(SuperResolutionModule):
    model = "rdn_lite_x4"
