"""Faults of requests to a store, of processes and of machines: drawn at random, or one at a chosen operation."""

import random
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from obstore.exceptions import GenericError

SIMULATED = "simulated fault"
"""Words in the message of every simulated refusal."""

RequestKind = Literal["put", "create", "get", "exists", "list", "delete"]
Disturbance = Literal["machine lost", "process killed", "request fails", "answer lost", "request repeated"]
DISTURBANCES: tuple[Disturbance, ...] = get_args(Disturbance)

SUSPENSIONS = (5.0, 60.0, 100.0, 200.0, 700.0)
"""Seconds for which a process stands still: shorter and longer than a lease."""
FULL_SECONDS = (1.0, 10.0, 100.0)
LATE_SECONDS = (0.01, 0.5, 5.0, 60.0)
"""Seconds after which a request arrives whose sender was told that another one is under way."""
CLOCK_STEPS = (-3600.0, -120.0, -10.0, 10.0, 120.0, 3600.0)
STALE_CHANGES = (1, 2, 3, 5, 10, 20)
"""Numbers of changes that a stale listing lacks."""


class Request(NamedTuple):
    """A request to the storage; only deletions have several names."""

    kind: RequestKind
    names: tuple[str, ...]

    @property
    def changes_objects(self) -> bool:
        """True for a request that writes or deletes."""
        return self.kind in ("put", "create", "delete")

    def __str__(self) -> str:
        more = f" and {len(self.names) - 1} more" if len(self.names) > 1 else ""
        return f"{self.kind} {self.names[0]}{more}"


@dataclass(frozen=True)
class FaultRates:
    """Probabilities of each fault per request.

    Attributes:
        kill: the process dies before or after a request.
        fail: the request fails and is not carried out.
        lose_answer: the request is carried out and fails.
        half_delete: a request that deletes several objects deletes some of them and fails.
        stale_listing: a listing lacks the last changes.
        suspend: the process stands still for a while.
        fill_disk: no object can be written for a while.
        conflict: a request that creates an object is refused since another one is under way (S3's answer 409).
        clock_step: the clock of the machine is set.
    """

    kill: float = 0.0
    fail: float = 0.0
    lose_answer: float = 0.0
    half_delete: float = 0.0
    stale_listing: float = 0.0
    suspend: float = 0.0
    fill_disk: float = 0.0
    conflict: float = 0.0
    clock_step: float = 0.0

    def scaled(self, rng: random.Random, factors: tuple[float, ...]) -> "FaultRates":
        """Return the rates, each multiplied with one of some factors."""
        return FaultRates(**{name: rate * rng.choice(factors) for name, rate in vars(self).items()})


@dataclass
class Faults:
    """The faults of one schedule.

    Attributes:
        rates: of random faults.
        kills_left: number of processes that may still die.
        disturbance: the fault at ``operation``, if any.
        operation: number of the request that it hits, from 1.
        full_until: virtual time up to which the disk is full.
        hit: the request that the disturbance hit.
    """

    rates: FaultRates = field(default_factory=FaultRates)
    kills_left: int = 0
    disturbance: Disturbance | None = None
    operation: int = 0
    full_until: float = 0.0
    hit: Request | None = None

    def stop(self) -> None:
        """End all faults, so that recovery is undisturbed."""
        self.rates, self.kills_left, self.disturbance, self.full_until = FaultRates(), 0, None, 0.0

    def at(self, operation: int, request: Request) -> Disturbance | None:
        """Return the chosen disturbance if this operation is the one that it hits."""
        if self.disturbance is None or operation != self.operation:
            return None
        self.hit = request
        return self.disturbance


def storage_error(reason: str) -> GenericError:
    """Return the error of obstore for a refusal."""
    return GenericError(f"Generic error: {SIMULATED}: {reason}")
