"""Training on two ranks, as two processes, equals training on one rank up to rounding."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file
from torch import Tensor

from tests.neural_states import assert_close, equal_tensors

pytestmark = pytest.mark.slow

IMAGE_RANK, TEXT_RANK = (Path(__file__).parent / name for name in ("image_rank.py", "text_rank.py"))
PROCESSES = ("rank0", "rank1", "single")
"""Folders of two ranks that train together, and of one rank alone."""


def start(script: Path, folder: Path, **variables: str) -> subprocess.Popen[bytes]:
    folder.mkdir()
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"} | variables
    return subprocess.Popen([sys.executable, str(script), str(folder)], env=environment)


def run(script: Path, folder: Path) -> None:
    """Run one rank alone and two that train together, each as a process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    ranks = [start(script, folder / f"rank{rank}", RANK=str(rank), LOCAL_RANK=str(rank), **group) for rank in (0, 1)]
    processes = [*ranks, start(script, folder / "single")]
    assert [process.wait(timeout=600) for process in processes] == [0, 0, 0]


def training_states(folder: Path, model: str) -> list[dict[str, Tensor]]:
    return [load_file(folder / process / model / "training_state.safetensors") for process in PROCESSES]


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / process / "run.json").read_text()) for process in PROCESSES]


def test_two_ranks_train_the_model_of_one_up_to_rounding(tmp_path: Path) -> None:
    run(IMAGE_RANK, tmp_path)
    for model in ("flow", "ddpm", "little_memory"):
        first, second, single = training_states(tmp_path, model)
        assert equal_tensors(first, second)
        assert_close(first, single, atol=2e-5)

    first_run, second_run, single_run = results(tmp_path)
    assert [run.pop("ranks") for run in (first_run, second_run, single_run)] == [2, 2, 1]
    # rank 0 makes a dry run of its half of the batch, then trains; rank 1 halves it twice in dry runs of its own
    row_counts = [run.pop("row_counts") for run in (first_run, second_run, single_run)]
    assert row_counts == [[32, 32, 32, 32], [32, 16, 8, 8], [64, 64, 64, 64]]
    assert first_run == second_run
    assert first_run["losses"] == pytest.approx(single_run["losses"], rel=1e-5)
    assert first_run["diverged"]
    assert single_run["diverged"]


def test_two_ranks_give_the_language_model_and_cross_entropy_of_one(tmp_path: Path) -> None:
    run(TEXT_RANK, tmp_path)
    check_sharding(tmp_path)
    first, second, single = training_states(tmp_path, "model")
    assert equal_tensors(first, second)
    assert_close(first, single, atol=1e-4)
    outputs = [np.load(tmp_path / process / "out.npz") for process in PROCESSES]
    losses = np.concatenate([output["losses"] for output in outputs[:2]])
    assert losses.shape == (500, 2)
    together, by_one = (total / tokens for total, tokens in (losses.sum(axis=0), outputs[2]["losses"].sum(axis=0)))
    assert together == pytest.approx(by_one, abs=1e-4)
    first_run, second_run, single_run = results(tmp_path)
    assert first_run["loss"] == second_run["loss"] == pytest.approx(single_run["loss"], abs=1e-4)
    # Each rank samples whole blocks, together those of one rank; a draw at the edge between two tokens may round away.
    assert [run["first"] for run in (first_run, second_run, single_run)] == [[0], [64], [0]]
    rows = np.concatenate([output["rows"] for output in outputs[:2]])
    assert (rows == outputs[2]["rows"]).all(axis=1).mean() > 0.95


def check_sharding(folder: Path) -> None:
    """Check that sharded training on two ranks equals unsharded training on two ranks up to rounding."""
    for precision, tolerance in (("fp32", 1e-4), ("bf16", 2e-2)):
        first, second, plain = (
            load_file(folder / rank / f"{kind}-{precision}" / "training_state.safetensors")
            for rank, kind in (("rank0", "sharded"), ("rank1", "sharded"), ("rank0", "plain"))
        )
        assert equal_tensors(first, second), precision
        assert_close(first, plain, atol=tolerance)
        sharded_ema, plain_ema = (
            load_file(folder / "rank0" / f"{kind}-{precision}" / "model.safetensors") for kind in ("sharded", "plain")
        )
        assert_close(sharded_ema, plain_ema, atol=tolerance)
