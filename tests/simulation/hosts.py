"""The host of the running simulated process: its clock, its processes and its timers."""

from collections.abc import Callable

from tests.simulation.processes import Machine, ProcessKilled
from tests.simulation.world import current_world

TIMER_PATIENCE = 5.0
"""Virtual seconds after which a timer's thread gets its turn. A host on which such a thread waits longer than a third
of a renewal's period stands still; that is a fault (``suspend``), and counted as such."""


class SimulatedHost:
    """Host of the running task (``raysc.store.host.Host``)."""

    @property
    def _machine(self) -> Machine:
        return current_world().scheduler.process.machine

    @property
    def id(self) -> str:
        """Id of this host."""
        return self._machine.name

    @property
    def name(self) -> str:
        """Name of this host."""
        return self._machine.name

    @property
    def pid(self) -> int:
        """Id of this process."""
        return current_world().scheduler.process.pid

    def process_start(self, pid: int) -> float | None:
        """Return the start of a running process; None: it is dead."""
        process = current_world().scheduler.living_process(self._machine, pid)
        return None if process is None else process.started

    def time(self) -> float:
        """Return the seconds since the epoch by this host's clock."""
        return current_world().now + self._machine.clock_offset

    def monotonic(self) -> float:
        """Return seconds that only increase."""
        return current_world().now

    def sleep(self, seconds: float) -> None:
        """Wait."""
        current_world().scheduler.wait(seconds)

    def repeat(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call an action every so many seconds, in a task of this process."""
        world = current_world()
        scheduler, task = world.scheduler, world.scheduler.running
        assert task is not None, "a task repeats something"
        process, ended = task.process, False

        def is_ended() -> bool:
            return ended

        def loop() -> None:
            while not ended:
                scheduler.wait(seconds, is_ended)
                if not ended:
                    action()

        timer = scheduler.spawn(f"{task.name}~", process, loop, patience=TIMER_PATIENCE)

        def end() -> None:
            nonlocal ended
            ended = True
            if not process.alive:
                raise ProcessKilled
            while not timer.done:
                scheduler.wait(condition=lambda: timer.done)
            if isinstance(timer.error, Exception):
                world.violate(f"the renewal of a lease ended: {timer.error!r}")

        return end

    def new_id(self) -> str:
        """Return 32 random hex digits."""
        return current_world().new_id()
