"""The host of this process, as the store sees it: clocks, process ids and timers.

Leases, the trash and garbage collection read time and processes through ``current`` only, so that a simulation can
replace all of them with ``use``.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import psutil


class Host(Protocol):
    """Clocks, processes and timers of one host."""

    @property
    def id(self) -> str:
        """Id of this host, and of the container on it, since its last start."""
        ...

    @property
    def name(self) -> str:
        """Name of the host, for messages."""
        ...

    @property
    def pid(self) -> int:
        """Id of this process."""
        ...

    def process_start(self, pid: int) -> float | None:
        """Return the start of a running process in seconds, on a scale that is fixed for this host; None: it is dead.

        The scale does not depend on the host's clock.
        """
        ...

    def time(self) -> float:
        """Return the seconds since the epoch by this host's clock, which may be wrong and may be set."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only increase, whatever happens to the clock."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def repeat(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call an action every so many seconds, beside this thread; return a function that ends this and waits."""
        ...

    def new_id(self) -> str:
        """Return 32 random hex digits."""
        ...


class LocalHost:
    """The real host."""

    @property
    def id(self) -> str:
        parts = [os.uname().nodename]
        boot, pid_namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
        if boot.exists() and pid_namespace.is_symlink():  # Linux
            parts += [boot.read_text().strip(), str(pid_namespace.readlink())]
        return " ".join(parts)

    @property
    def name(self) -> str:
        return os.uname().nodename

    @property
    def pid(self) -> int:
        return os.getpid()

    def process_start(self, pid: int) -> float | None:
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            # Linux: since the boot. psutil's create_time moves with the clock, if that is set between two readings.
            fields = Path(f"/proc/{pid}/stat")
            if fields.exists():
                return int(fields.read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
            return float(process.create_time())
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return None

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def repeat(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        ended = threading.Event()

        def loop() -> None:
            while not ended.wait(seconds):
                action()

        thread = threading.Thread(target=loop, name="lease", daemon=True)
        thread.start()

        def end() -> None:
            ended.set()
            thread.join()

        return end

    def new_id(self) -> str:
        return uuid4().hex


_host: Host = LocalHost()


def current() -> Host:
    """Return the host of this process."""
    return _host


@contextmanager
def use(host: Host) -> Iterator[None]:
    """Replace the host of this process inside the context: for simulations."""
    global _host
    previous, _host = _host, host
    try:
        yield
    finally:
        _host = previous
