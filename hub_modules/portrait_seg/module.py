"""PaddleHub module: cutting out people by the network portrait_squeezenet."""

from paddlehub.module.module import moduleinfo

from paddle_cv.hub import SegmentationModule


@moduleinfo(
    name="portrait_seg",
    version="1.0.0",
    type="CV/semantic_segmentation",
    author="paddle_cv",
    author_email="",
    summary="Cutting out people by the network portrait_squeezenet.",
)
class PortraitSeg(SegmentationModule):
    model = "portrait_squeezenet"
