"""Processes in virtual time: threads of which one runs at a time, switching where they wait or use the store."""

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

EPOCH = 1_800_000_000.0
"""Virtual time at the start of a schedule, in seconds since the epoch."""
MAX_SECONDS = 40 * 86400.0
"""Virtual seconds after which a schedule counts as endless."""


class ProcessKilled(BaseException):
    """The process is dead; nothing that it would still do happens."""


class ScheduleEnded(BaseException):
    """The schedule is over; remaining tasks unwind."""


@dataclass(eq=False)
class Machine:
    """A host.

    Attributes:
        name: its name, and its id in leases.
        clock_offset: seconds by which its clock is ahead of true time.
    """

    name: str
    clock_offset: float = 0.0


@dataclass(eq=False)
class Process:
    """A process of a machine.

    Attributes:
        machine: the host.
        pid: process id.
        started: virtual time of its start.
        name: for the log.
        parent: the process that ends this one with its own end: a driver of its trials.
        disturbed: True if faults hit it.
        killed: True once it was killed or has ended.
        suspended_until: virtual time up to which none of its tasks runs.
        frozen: no task of it runs while this is set and returns False.
    """

    machine: Machine
    pid: int
    started: float
    name: str
    parent: "Process | None" = None
    disturbed: bool = False
    killed: bool = False
    suspended_until: float = 0.0
    frozen: Callable[[], bool] | None = None

    @property
    def alive(self) -> bool:
        """True if neither this process nor its parent was killed."""
        return not self.killed and (self.parent is None or self.parent.alive)

    @property
    def root(self) -> "Process":
        """The parent of all: the driver of a trial."""
        return self if self.parent is None else self.parent.root


@dataclass(eq=False)
class Task:
    """A thread of a process.

    Attributes:
        name: for the log.
        process: the process that it runs in; a driver's task enters the process of a trial and leaves it.
        body: the function that it runs.
        unit: name of the unit that it runs; "" outside of units.
        wake: virtual time at which it goes on.
        condition: it goes on earlier once this returns True.
        patience: virtual seconds after which it gets its turn before the others; infinite for a thread that the
            scheduler may starve.
        ready_since: virtual time since which it could go on; None while it waits or runs.
        done: True once the body has ended.
        error: exception that ended the body.
    """

    name: str
    process: Process
    body: Callable[[], Any]
    unit: str = ""
    wake: float = 0.0
    condition: Callable[[], bool] | None = None
    patience: float = math.inf
    ready_since: float | None = None
    done: bool = False
    error: BaseException | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None

    def is_ready(self, now: float) -> bool:
        """Return True if the task can go on; one of a dead process goes on to unwind."""
        if self.done:
            return False
        process = self.process
        if not process.alive:
            return True
        if process.suspended_until > now or (process.frozen is not None and not process.frozen()):
            return False
        return self.wake <= now or (self.condition is not None and self.condition())


class Scheduler:
    """Virtual time and the tasks of one schedule. Python threads, of which one runs at a time.

    Attributes:
        now: virtual time, in seconds since the epoch.
    """

    def __init__(self, rng: random.Random, switch_rate: float) -> None:
        """Start at ``EPOCH`` without tasks; ``switch_rate``: probability that another ready task goes on instead."""
        self.now = EPOCH
        self.tasks: list[Task] = []
        self.running: Task | None = None
        self.endless = False
        self._rng = rng
        self._switch_rate = switch_rate
        self._ended = False
        self._unwinding = False
        self._all_done = threading.Lock()
        self._all_done.acquire()

    @property
    def process(self) -> Process:
        """The process of the running task."""
        assert self.running is not None, "no task runs"
        return self.running.process

    def spawn(
        self, name: str, process: Process, body: Callable[[], Any], delay: float = 0.0, patience: float = math.inf
    ) -> Task:
        """Add a task that starts after some virtual seconds; it waits for its turn no longer than ``patience``."""
        task = Task(name, process, body, wake=self.now + delay, patience=patience)
        task.turn.acquire()
        self.tasks.append(task)

        def run() -> None:
            task.turn.acquire()
            task.wake = 0.0
            try:
                if self._ended:
                    raise ScheduleEnded
                if process.alive:
                    body()
            except BaseException as error:
                task.error = error
            task.done = True
            self._hand_over()

        task.thread = threading.Thread(target=run, daemon=True)
        task.thread.start()
        return task

    def run(self) -> None:
        """Run all tasks to their end."""
        first = self._next()
        if first is not None:
            self.running = first
            first.turn.release()
            self._all_done.acquire()
        self.running = None

    def unwind(self) -> None:
        """End the tasks that are left, and forget all tasks."""
        self._ended = self._unwinding = True
        for task in self.tasks:
            if not task.done and task.thread is not None:
                self.running = task
                task.turn.release()
                task.thread.join(300)
        self.tasks = []
        self.running = None
        self._ended = self._unwinding = False

    def switch(self) -> None:
        """Let other tasks run; return when it is this task's turn again.

        Raises:
            ProcessKilled: the process of this task is dead.
            ScheduleEnded: the schedule is over.
        """
        me = self.running
        assert me is not None, "only a task can switch"
        if self._ended:
            raise ScheduleEnded
        following = self._next()
        if following is None:
            raise ScheduleEnded
        if following is not me:
            self.running = following
            following.turn.release()
            me.turn.acquire()
            self.running = me
        if self._ended:
            raise ScheduleEnded
        if not me.process.alive:
            raise ProcessKilled

    def wait(self, timeout: float = math.inf, condition: Callable[[], bool] | None = None) -> None:
        """Wait some virtual seconds, or until a condition holds."""
        me = self.running
        assert me is not None, "only a task can wait"
        me.wake, me.condition = self.now + timeout, condition
        try:
            self.switch()
        finally:
            me.wake, me.condition = 0.0, None

    def living_process(self, machine: Machine, pid: int) -> Process | None:
        """Return a living process of a machine by its id."""
        for task in self.tasks:
            process: Process | None = None if task.done else task.process
            while process is not None:
                if process.machine is machine and process.pid == pid and process.alive:
                    return process
                process = process.parent
        return None

    def end(self) -> None:
        """End the schedule at the next switch of each task."""
        self._ended = True

    def _hand_over(self) -> None:
        """Let another task run after the end of the running one."""
        if self._ended:
            if not self._unwinding and self._all_done.locked():
                self._all_done.release()
            return
        self.running = self._next()
        if self.running is None:
            self._all_done.release()
        else:
            self.running.turn.release()

    def _next(self) -> Task | None:
        """Return the task that goes on, after the clock was advanced if all wait; None if none will ever go on."""
        while True:
            ready = self._ready_tasks()
            if ready:
                following = self._choose(ready)
                following.ready_since = None
                return following
            waiting = [task for task in self.tasks if not task.done and task.process.frozen is None]
            times = [max(task.wake, task.process.suspended_until) for task in waiting]
            later = min(times, default=math.inf)
            if later > EPOCH + MAX_SECONDS:
                self.endless = self.endless or any(not task.done for task in self.tasks)
                return None
            self.now = max(later, self.now)

    def _ready_tasks(self) -> list[Task]:
        """Return the tasks that can go on, and note since when."""
        ready = []
        for task in self.tasks:
            if not task.is_ready(self.now):
                task.ready_since = None
                continue
            if task.ready_since is None:
                task.ready_since = self.now
            ready.append(task)
        return ready

    def _choose(self, ready: list[Task]) -> Task:
        """Draw the task that goes on; one whose patience has ended goes first."""
        if len(ready) == 1:
            return ready[0]
        overdue = [task for task in ready if self.now - (task.ready_since or self.now) >= task.patience]
        if overdue:
            return min(overdue, key=lambda task: task.ready_since or self.now)
        if self.running in ready and self._rng.random() > self._switch_rate:
            return self.running
        return self._rng.choice(ready)
