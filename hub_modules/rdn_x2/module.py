"""PaddleHub module: twofold super-resolution by the network rdn_lite_x2."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="rdn_x2",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Twofold super-resolution by the network rdn_lite_x2.",
)
class RdnX2(SuperResolutionModule):
    model = "rdn_lite_x2"
