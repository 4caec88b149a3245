"""Super-resolution and restoration networks."""

from .carn import CARN
from .edsr import EDSR
from .imdn import IMDN
from .mdsr import MDSR
from .rcan import RCAN
from .rdn import RDN

__all__ = ["CARN", "EDSR", "IMDN", "MDSR", "RCAN", "RDN"]
