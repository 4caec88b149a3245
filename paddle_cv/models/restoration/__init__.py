"""Super-resolution and restoration networks."""

from .carn import CARN
from .edsr import EDSR
from .esrgan import RRDBNet, VGGDiscriminator
from .idn import IDN
from .imdn import IMDN
from .mdsr import MDSR
from .msrresnet import MSRResNet
from .rcan import RCAN
from .rdn import RDN
from .srresnet import SRGANDiscriminator, SRResNet

__all__ = [
    "CARN",
    "EDSR",
    "IDN",
    "IMDN",
    "MDSR",
    "MSRResNet",
    "RCAN",
    "RDN",
    "RRDBNet",
    "SRGANDiscriminator",
    "SRResNet",
    "VGGDiscriminator",
]
