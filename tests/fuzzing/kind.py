"""Kinds of inputs, and the judgement of one mutated input."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random
from types import FrameType

from raysc.errors import RayscError
from raysc.formatting import printable
from tests.fuzzing.byte_mutations import Mutate, mutate_bytes

TIME_LIMIT = 30.0
"""Seconds of processor time for one input."""
MAX_MESSAGE, MAX_GROWTH = 2000, 6
"""Characters of a refusal: a base, and for each byte of the input, which a message may quote with escapes."""
READ, REFUSED = "read", "refused"


class TimeLimitError(BaseException):
    """The end of the time for one input. It is no Exception, so that readers do not catch it."""


@dataclass(frozen=True)
class Sample:
    """A valid input.

    Attributes:
        data: its bytes.
        read: the reader of an input in its place; it returns a value that can be compared, or raises RayscError.
    """

    data: bytes
    read: Callable[[bytes], object]


@dataclass(frozen=True)
class Kind:
    """A kind of inputs.

    Attributes:
        name: its name.
        samples: valid inputs.
        exact: True if a checksum protects inputs: an input is refused, or read as the value of its sample.
        mutate: the mutation.
        words: dictionary words.
    """

    name: str
    samples: Sequence[Sample]
    exact: bool = False
    mutate: Mutate = mutate_bytes
    words: Sequence[bytes] = ()

    def input(self, seed: int) -> tuple[int, bytes]:
        """Return the number of the sample, and the mutated input of a seed."""
        random = Random(f"{self.name} {seed}")
        number = random.randrange(len(self.samples))
        return number, self.mutate(random, self.samples[number].data, self._donors, self.words)

    @cached_property
    def _donors(self) -> Sequence[bytes]:
        return [sample.data for sample in self.samples]

    def judge(self, number: int, data: bytes) -> str:
        """Return READ, REFUSED, or the violation in words.

        Args:
            number: number of the sample in whose place the input is read.
            data: the input.
        """
        sample = self.samples[number]
        try:
            with time_limit(TIME_LIMIT):
                value = sample.read(data)
        except TimeLimitError:
            return f"hang: not read within {TIME_LIMIT} s"
        except RayscError as error:
            return _judge_message(printable(str(error)), len(data))
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:200]}{_origin(error)}"
        if self.exact and value != sample.read(sample.data):
            return "accepted with another value"
        return READ


def _judge_message(message: str, size: int) -> str:
    """Return REFUSED for a message of one line that quotes at most the input, of ``size`` bytes; else the violation."""
    if not message.strip():
        return "refused without a message"
    if len(message.strip().splitlines()) > 1:
        return f"refused in several lines: {message[:200]!r}"
    return REFUSED if len(message) <= MAX_GROWTH * size + MAX_MESSAGE else f"refused in {len(message)} characters"


def _origin(error: Exception) -> str:
    """Return the last place of an error in raysc, for a message."""
    origin, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "/raysc/" in file and "site-packages" not in file:
            origin = f" at {file.rpartition('/raysc/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return origin


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitError in this thread after some seconds of the process's processor time."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeLimitError

    previous = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, previous)
