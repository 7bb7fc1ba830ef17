"""Inputs that end or stop the process that reads them, for tests of the campaign."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.fuzzing.kind import Kind, Sample


def crashing(folder: Path) -> Kind:
    """Inputs 0..9 in random order: 3 ends the process, and 5 waits for ever."""
    return Kind("crashing", [Sample(b"0", _read)], mutate=_draw)


def _read(data: bytes) -> object:
    if data == b"3":
        os.abort()
    while data == b"5":
        time.sleep(1.0)
    return data


def _draw(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    return str(random.randrange(10)).encode()
