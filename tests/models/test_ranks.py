import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

SCRIPT = Path(__file__).parent / "one_rank.py"


def start(folder, **variables):
    folder.mkdir()
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"} | variables
    return subprocess.Popen([sys.executable, str(SCRIPT), str(folder)], env=environment)


def run(folder):
    """One rank alone and two that train together, each in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    processes = [start(folder / f"rank{rank}", RANK=str(rank), LOCAL_RANK=str(rank), **group) for rank in (0, 1)]
    processes.append(start(folder / "alone"))
    assert [process.wait(timeout=100) for process in processes] == [0, 0, 0]


def test_two_ranks_train_what_one_trains_but_for_rounding(tmp_path):
    run(tmp_path)
    for family in ("flow", "ddpm"):
        first, second, alone = (
            load_file(tmp_path / name / family / "training_state.safetensors") for name in ("rank0", "rank1", "alone")
        )
        assert first.keys() == second.keys() == alone.keys()
        for name in alone:
            assert torch.equal(first[name], second[name]), (family, name)
            assert torch.allclose(first[name], alone[name], atol=2e-5), (family, name)

    first, second, alone = (
        json.loads((tmp_path / name / "run.json").read_text()) for name in ("rank0", "rank1", "alone")
    )
    assert first == second
    assert first["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    assert first["wild"]
    assert alone["wild"]
