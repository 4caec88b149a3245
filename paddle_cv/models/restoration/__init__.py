"""Super-resolution and restoration networks."""

from .btsrn import BTSRN
from .carn import CARN
from .drln import DRLN
from .edsr import EDSR
from .esrgan import RRDBNet, VGGDiscriminator
from .idn import IDN
from .imdn import IMDN
from .mamnet import MAMNet
from .mdsr import MDSR
from .msrresnet import MSRResNet
from .rcan import RCAN
from .rdn import RDN
from .selnet import SelNet
from .srresnet import SRGANDiscriminator, SRResNet

__all__ = [
    "BTSRN",
    "CARN",
    "DRLN",
    "EDSR",
    "IDN",
    "IMDN",
    "MAMNet",
    "MDSR",
    "MSRResNet",
    "RCAN",
    "RDN",
    "RRDBNet",
    "SRGANDiscriminator",
    "SRResNet",
    "SelNet",
    "VGGDiscriminator",
]
