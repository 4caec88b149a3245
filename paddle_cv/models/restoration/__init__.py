"""Super-resolution and restoration networks."""

from .rdn import RDN

__all__ = ["RDN"]
