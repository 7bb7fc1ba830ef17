import signal
import subprocess
import sys
import time

import pytest

from raysc.libraries.interruptible import call_interruptibly

PROGRAM = """
import ctypes
from raysc.libraries.interruptible import call_interruptibly
print("ready", flush=True)
call_interruptibly(lambda: ctypes.CDLL(None).sleep(60))
"""


def test_the_result_or_the_error_of_the_call_is_passed_on() -> None:
    assert call_interruptibly(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        call_interruptibly(lambda: 1 // 0)


def test_an_interrupt_ends_a_long_call_of_a_library() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert time.monotonic() - start < 2
    assert b"KeyboardInterrupt" in errors
