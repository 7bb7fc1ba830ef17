"""Schedules that are written by hand: a world with one sweep, and what such schedules do in it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from raysc.runner import RunOptions
from tests.simulation.invariants import Watch
from tests.simulation.processes import ProcessKilled
from tests.simulation.recovery import check_recovery
from tests.simulation.sweeps import Case, case, sweep_command
from tests.simulation.world import Breakpoint, StorageKind, World, entered


@dataclass
class Scenario:
    """One world with a sweep of one lineage and one seed.

    Attributes:
        world: the world.
        watch: its invariants.
        swept: the sweep.
    """

    world: World
    watch: Watch
    swept: Case

    @property
    def lineage(self) -> str:
        """Key of the lineage."""
        return self.swept.resolved.cells[0].keys.lineage

    def span(self, generation: int) -> str:
        """Return the name of a manifest of the lineage."""
        return f"spans/{self.lineage}/0/{generation}-{generation}"

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        return name in self.world.contents.objects

    def file(self, manifest: str, name: str) -> str:
        """Return the name of the object of a manifest's file."""
        record = json.loads(self.world.contents.objects[manifest].data)
        return f"{record['attempt']}/{name}"

    def start(self, name: str, machine: str, delay: float = 0.0, options: RunOptions | None = None) -> None:
        """Start a command that runs beside others."""
        self.world.start(
            name, machine, lambda: sweep_command(self.world, self.swept.sweep, options), disturbed=True, delay=delay
        )

    def run(self) -> None:
        """Run what was started to its end."""
        self.world.scheduler.run()
        assert not self.world.scheduler.endless
        for task in self.world.scheduler.tasks:
            assert task.error is None or isinstance(task.error, ProcessKilled), task.error
        self.world.scheduler.unwind()

    def lose_machine(self, kind: str, pattern: str) -> None:
        """Run the command up to a request, and lose its machine there."""
        self.world.breakpoints.append(Breakpoint("lost", kind, pattern, kill=True))
        self.start("lost", "lost")
        self.run()
        assert self.world.breakpoints[-1].reached

    def check(self, grow: bool = True) -> None:
        """Recover, and check every invariant."""
        check_recovery(self.world, self.watch, self.swept, grow)
        assert self.world.violations == []


MakeScenario = Callable[..., Scenario]
"""Function from the name of a sweep, and the kind of the store, to a scenario."""


@contextmanager
def scenarios() -> Iterator[MakeScenario]:
    """Give a function that makes scenarios; their worlds are left at the end."""
    with ExitStack() as worlds:

        def make(name: str = "plain", storage: StorageKind = "s3") -> Scenario:
            world, swept = World(1, storage=storage, switch_rate=0.3, keep_log=True), case(name)
            worlds.enter_context(entered(world))
            return Scenario(world, Watch(world, swept.resolved), swept)

        yield make
