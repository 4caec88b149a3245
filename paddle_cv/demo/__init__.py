"""A page to play with: networks in the browser, by Gradio. Nothing else imports this folder at its top, as it imports gradio."""

from .digits import digit_picture
from .networks import Network, networks_at_hand, networks_to_fetch, own_network
from .page import MAX_MEGAPIXELS, Page
from .texts import LANGUAGES

__all__ = [
    "LANGUAGES",
    "MAX_MEGAPIXELS",
    "Network",
    "Page",
    "digit_picture",
    "networks_at_hand",
    "networks_to_fetch",
    "own_network",
]
