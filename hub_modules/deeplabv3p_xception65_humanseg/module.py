"""PaddleHub module: cutting out people by the user's copy of PaddleHub's module of this name, or by portrait_seg."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import HumanSegmentationModule


@moduleinfo(
    name="deeplabv3p_xception65_humanseg",
    version="1.3.0",
    type="CV/semantic_segmentation",
    author="paddle_cv",
    author_email="",
    summary="Cuts out people by PaddleHub's weights of this name, where the user has them, or by the module portrait_seg.",
)
class DeeplabV3pXception65HumanSeg(HumanSegmentationModule):
    model = "deeplabv3_plus_xception65_humanseg"
    substitute = "portrait_squeezenet"
