"""PaddleHub module: fourfold enlargement of pictures by a residual dense network."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SuperResolutionModule


@moduleinfo(
    name="rdn_x4",
    version="1.0.0",
    type="CV/image_editing",
    author="paddle_cv",
    author_email="",
    summary="Fourfold super-resolution by a residual dense network (RDN, CVPR 2018) in a light configuration for CPUs.",
)
class RDNx4(SuperResolutionModule):
    model = "rdn_lite_x4"
