"""State of the process that is restored."""

import logging
import os
import signal
import sys
import warnings

import pytest

from raysc.machine.process_state import restored_module_path, restored_process_state


@restored_process_state()
def change_everything(logger: logging.Logger) -> None:
    sys.path.append("/nowhere")
    os.environ["RAYSC_A"], os.environ["RAYSC_B"] = "after", "new"
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logger.setLevel(logging.CRITICAL)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    raise ValueError("fails")


def test_everything_is_restored_after_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYSC_A", "before")
    monkeypatch.delenv("RAYSC_B", raising=False)
    logger = logging.getLogger("ray.tune")
    before = (
        list(sys.path), dict(os.environ), list(warnings.filters), signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM), logger.level, list(logger.handlers), logger.propagate,
    )  # fmt: skip
    with pytest.raises(ValueError, match="fails"):
        change_everything(logger)
    after = (
        list(sys.path), dict(os.environ), list(warnings.filters), signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM), logger.level, list(logger.handlers), logger.propagate,
    )  # fmt: skip
    assert after == before


def test_the_module_path_is_restored_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(sys.path)
    with restored_module_path():
        sys.path.append("/nowhere")
    assert sys.path == before
