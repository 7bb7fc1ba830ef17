"""Settings of what is measured of the loops themselves: probes and scaling laws."""

from raysc.settings.base import Settings


class Probe(Settings):
    """Probes of every loop of a sweep.

    Attributes:
        contraction: every loop has a fork, the same loop with the same random numbers from another generation 0. The
            distances between the two are measured as the metric fork_distance, and the ratio of successive ones is the
            rate of contraction.
    """

    contraction: bool = False


class Scaling(Settings):
    """Exponents of the mean excess over the control in an axis and in the generation.

    Attributes:
        axis: an axis of ``space`` with numbers above 0, such as data.rows.
    """

    axis: str
