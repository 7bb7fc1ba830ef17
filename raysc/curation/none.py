"""None: samples as the regime takes them."""

from dataclasses import dataclass
from typing import ClassVar

from raysc.regimes.recipe import Take


@dataclass(frozen=True)
class Uncurated:
    """No curation: samples as the regime takes them. The default, for sweeps that compare it with others."""

    version: ClassVar[int] = 1

    def curate(self, take: Take) -> Take:
        """Return the take."""
        return take
