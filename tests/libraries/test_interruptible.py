import signal
import subprocess
import sys

import pytest

from raysc.libraries.interruptible import call_interruptibly

PROGRAM = """
import ctypes
import signal
from raysc.libraries.interruptible import call_interruptibly

signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run where it is ignored

def wait_for_ever():
    print("ready", flush=True)
    ctypes.CDLL(None).pause()

call_interruptibly(wait_for_ever)
"""


def test_the_result_or_the_error_of_the_call_is_passed_on() -> None:
    assert call_interruptibly(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        call_interruptibly(lambda: 1 // 0)


def test_an_interrupt_ends_a_long_call_of_a_library() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert b"KeyboardInterrupt" in errors
