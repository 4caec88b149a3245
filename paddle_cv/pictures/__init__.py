"""Picture files and arrays, in and out: decoding, depth, colour, alpha, metadata, writing."""

from .images import MAX_MEGAPIXELS, open_picture, picture_size
from .picture import ImageError, Picture, full_scale
from .writing import save_image, save_picture

__all__ = [
    "MAX_MEGAPIXELS",
    "ImageError",
    "Picture",
    "full_scale",
    "open_picture",
    "picture_size",
    "save_image",
    "save_picture",
]
