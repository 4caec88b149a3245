"""Super-resolution and restoration networks."""

from .cnf import CNF
from .dbpn import DBPN
from .enhancenet import EnhanceNet
from .lapsrn import LapSRN
from .rdn import RDN
from .scn import SCN
from .srdensenet import SRDenseNet
from .srfeat import SRFeat

__all__ = ["CNF", "DBPN", "EnhanceNet", "LapSRN", "RDN", "SCN", "SRDenseNet", "SRFeat"]
