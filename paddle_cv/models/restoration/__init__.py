"""Super-resolution and restoration networks."""

from .dncnn import DnCNN
from .espcn import ESPCN
from .fsrcnn import FSRCNN
from .ircnn import IRCNN
from .rdn import RDN
from .srcnn import SRCNN
from .vdsr import VDSR

__all__ = ["DnCNN", "ESPCN", "FSRCNN", "IRCNN", "RDN", "SRCNN", "VDSR"]
