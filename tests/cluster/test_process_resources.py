"""What a process that Ray runs may use."""

import os

import torch
from accelerate import PartialState
from threadpoolctl import threadpool_limits

from raysc.cluster.process_resources import use_resources
from raysc.models.training.loop import reset_accelerator
from raysc.settings import Resources


def test_who_asked_for_no_device_has_none_whatever_the_machine_has(monkeypatch):
    for variable in ("CUDA_VISIBLE_DEVICES", "ACCELERATE_TORCH_DEVICE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(variable, "")  # put back after the test
        monkeypatch.delenv(variable)
    monkeypatch.setattr(PartialState, "default_device", torch.device("mps"))
    reset_accelerator()
    with threadpool_limits(1):  # after which they are as before
        use_resources(Resources(), trained=False)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert PartialState().device == torch.device("cpu")
    reset_accelerator()
