"""Super-resolution and restoration networks."""

from .dncnn import DnCNN
from .drcn import DRCN
from .drrn import DRRN
from .espcn import ESPCN
from .ffdnet import FFDNet
from .fsrcnn import FSRCNN
from .ircnn import IRCNN
from .memnet import MemNet
from .rdn import RDN
from .rednet import REDNet
from .srcnn import SRCNN
from .vdsr import VDSR

__all__ = ["DRCN", "DRRN", "ESPCN", "FSRCNN", "IRCNN", "RDN", "SRCNN", "VDSR", "DnCNN", "FFDNet", "MemNet", "REDNet"]
