"""Ctrl-C and SIGTERM: a command ends within two seconds, and at once at the second signal.

A store is correct after any crash, so no command needs time to end. The first signal raises KeyboardInterrupt, as in
every Python program. A thread ends the process if that takes too long: a library may catch the exception, or wait
outside of Python. Batch systems send SIGTERM before the end of a job.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

MAX_SECONDS = 1.5
"""Seconds after the first signal at which the process ends, whatever it does."""
REPEAT_SECONDS = 0.3
"""Seconds within which a second signal counts as the first: some programs signal a process and then its group."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that end a command."""
CLOSE = 0
"""Number that ends the thread; no signal has it."""
MESSAGE = "raysc: stopped; what is published stays\n"
SHOW_CURSOR = "\x1b[?25h"
"""Control sequence of terminals; a live table hides the cursor."""


class Interruption:
    """The state of one command: its first signal, and a thread that waits for signals.

    Attributes:
        number: the first signal; None before it.
        ended: True once the command itself has ended.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.ended = False
        self._first = 0.0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt at the first signal; end the process at the second."""
        if self.number is None or not self._first:
            self.number, self._first = number, time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - self._first >= REPEAT_SECONDS:
            self.end_process()

    def watch(self) -> None:
        """Read the numbers of signals, which Python's C handler writes at once; run by a thread."""
        while (number := self._read()) not in SIGNALS:
            if number == CLOSE:
                os.close(self._reader)
                os.close(self._writer)
                return
        started = time.monotonic()
        while (remaining := started + MAX_SECONDS - time.monotonic()) > 0:
            readable, _, _ = select.select([self._reader], [], [], remaining)
            if readable and self._read() in SIGNALS and time.monotonic() - started >= REPEAT_SECONDS:
                break
        self.end_process()

    def close(self) -> None:
        """End the thread."""
        os.write(self._writer, bytes([CLOSE]))

    def _read(self) -> int:
        """Wait for a signal and return its number; the first one of SIGNALS is recorded."""
        number = os.read(self._reader, 1)[0]
        if self.number is None and number in SIGNALS:
            self.number = number
        return number

    def end_process(self) -> NoReturn:
        """End the process without any cleaning. Ray's processes end with their parent."""
        if not self.ended:
            cursor = SHOW_CURSOR if sys.stdout is not None and sys.stdout.isatty() else ""
            os.write(2, f"{cursor}{MESSAGE}".encode("ascii"))
        os._exit(self.status)

    @property
    def status(self) -> int:
        """Exit status of a process that a signal has ended: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.number or 0)

    @property
    def wakeup_descriptor(self) -> int:
        """Descriptor to which Python writes the numbers of signals."""
        return self._writer


def end_at_first_signal() -> Callable[[], None]:
    """End the process at once at Ctrl-C, with one line: while modules are imported, no code may see an exception.

    Outside of the main thread, nothing changes. A signal that the parent process ignores stays ignored.

    Returns:
        A function that restores the previous handler.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        os.write(2, MESSAGE.encode("ascii"))
        os._exit(128 + number)

    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or previous is not signal.default_int_handler:
        return lambda: None
    signal.signal(signal.SIGINT, end)

    def restore() -> None:
        signal.signal(signal.SIGINT, previous)

    return restore


@contextmanager
def answered_signals() -> Iterator[None]:
    """End the process within ``MAX_SECONDS`` of Ctrl-C or SIGTERM, with status 130 or 143.

    Outside of the main thread, nothing changes. Signals that the parent process ignores, as nohup does, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interruption = Interruption()
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    handled = [number for number in SIGNALS if previous[number] is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, interruption.handle)
    descriptor = signal.set_wakeup_fd(interruption.wakeup_descriptor, warn_on_full_buffer=False)
    threading.Thread(target=interruption.watch, name="signals", daemon=True).start()
    try:
        yield
    finally:
        interruption.ended = True
        if interruption.number is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            interruption.end_process()  # the end of Python may take long: libraries clean up
        signal.set_wakeup_fd(descriptor)
        interruption.close()
        for number in handled:
            signal.signal(number, previous[number])
