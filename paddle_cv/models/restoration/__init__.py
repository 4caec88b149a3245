"""Super-resolution and restoration networks."""

from .dbpn import DBPN
from .lapsrn import LapSRN
from .rdn import RDN

__all__ = ["DBPN", "LapSRN", "RDN"]
