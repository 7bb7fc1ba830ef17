"""Resources of a process that Ray runs."""

import os

import pytest
import torch
from accelerate import PartialState
from threadpoolctl import threadpool_limits

from raysc.machine.process_resources import use_resources
from raysc.models.training.process_state import reset_process_state
from raysc.settings import Resources


def test_a_process_that_requested_no_device_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CUDA_VISIBLE_DEVICES", "ACCELERATE_TORCH_DEVICE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(variable, "")  # put back after the test
        monkeypatch.delenv(variable)
    monkeypatch.setattr(PartialState, "default_device", torch.device("mps"))
    reset_process_state()
    with threadpool_limits(1):  # after which they are as before
        use_resources(Resources(), trained=False)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert PartialState().device == torch.device("cpu")
    reset_process_state()
