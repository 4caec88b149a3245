"""Super-resolution and restoration networks."""

from .lapsrn import LapSRN
from .rdn import RDN

__all__ = ["RDN", "LapSRN"]
