"""Super-resolution and restoration networks."""

from .dbpn import DBPN
from .enhancenet import EnhanceNet
from .lapsrn import LapSRN
from .rdn import RDN
from .scn import SCN
from .srdensenet import SRDenseNet
from .srfeat import SRFeat

__all__ = ["DBPN", "EnhanceNet", "LapSRN", "RDN", "SCN", "SRDenseNet", "SRFeat"]
