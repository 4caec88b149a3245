"""Picture files and arrays, in and out: decoding, depth, colour, alpha, metadata, writing."""

from .images import MAX_MEGAPIXELS, ImageError, Picture, open_picture, picture_size
from .writing import save_image, save_picture

__all__ = ["MAX_MEGAPIXELS", "ImageError", "Picture", "open_picture", "picture_size", "save_image", "save_picture"]
