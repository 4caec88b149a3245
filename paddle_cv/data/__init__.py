"""Data sets, resizing and colour conversion."""

from .color import LUMINANCE, rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb
from .degradation import Degradation
from .denoising import DenoisingPatches, denoising_pairs
from .files import IMAGE_SUFFIXES, list_images, read_image
from .imresize import imresize
from .labels import LABELS, label_names
from .sources import data_folder
from .srmd import DegradedPatches
from .subimages import cut_folder
from .super_resolution import SuperResolutionPatches, crop_to_multiple, super_resolution_pairs

__all__ = [
    "IMAGE_SUFFIXES",
    "LABELS",
    "LUMINANCE",
    "DegradedPatches",
    "Degradation",
    "DenoisingPatches",
    "SuperResolutionPatches",
    "crop_to_multiple",
    "cut_folder",
    "data_folder",
    "denoising_pairs",
    "imresize",
    "label_names",
    "list_images",
    "read_image",
    "rgb_to_y",
    "rgb_to_ycbcr",
    "super_resolution_pairs",
    "ycbcr_to_rgb",
]
