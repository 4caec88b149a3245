"""Super-resolution and restoration networks."""

from .dncnn import DnCNN
from .drcn import DRCN
from .drrn import DRRN, PlainDRRN
from .drunet import DRUNet
from .espcn import ESPCN
from .ffdnet import FFDNet
from .fsrcnn import FSRCNN
from .interpolation import Interpolation
from .ircnn import IRCNN
from .memnet import MemNet
from .rdn import RDN
from .rednet import REDNet
from .srcnn import SRCNN
from .srmd import SRMD
from .vdsr import VDSR

__all__ = [
    "DRCN",
    "DRRN",
    "ESPCN",
    "FSRCNN",
    "IRCNN",
    "RDN",
    "SRCNN",
    "SRMD",
    "VDSR",
    "DRUNet",
    "DnCNN",
    "FFDNet",
    "Interpolation",
    "MemNet",
    "PlainDRRN",
    "REDNet",
]
