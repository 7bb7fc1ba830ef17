import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

SCRIPT, TEXT_SCRIPT = (Path(__file__).parent / name for name in ("one_rank.py", "one_text_rank.py"))


def start(script, folder, **variables):
    folder.mkdir()
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"} | variables
    return subprocess.Popen([sys.executable, str(script), str(folder)], env=environment)


def run(script, folder):
    """One rank alone and two that train together, each in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    ranks = [start(script, folder / f"rank{rank}", RANK=str(rank), LOCAL_RANK=str(rank), **group) for rank in (0, 1)]
    processes = [*ranks, start(script, folder / "alone")]
    assert [process.wait(timeout=100) for process in processes] == [0, 0, 0]


def test_two_ranks_train_what_one_trains_but_for_rounding(tmp_path):
    run(SCRIPT, tmp_path)
    for family in ("flow", "ddpm", "narrow"):
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
    assert [one.pop("ranks") for one in (first, second, alone)] == [2, 2, 1]
    # one rank rehearses and trains on its half of the batch, the other finds by itself that it must cut that up
    assert [one.pop("asked") for one in (first, second, alone)] == [[32, 32, 32, 32], [32, 16, 8, 8], [64, 64, 64, 64]]
    assert first == second
    assert first["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    assert first["wild"]
    assert alone["wild"]


def test_two_ranks_give_the_language_model_and_cross_entropy_of_one(tmp_path):
    run(TEXT_SCRIPT, tmp_path)
    check_sharding(tmp_path)
    weights = [
        load_file(tmp_path / name / "model" / "training_state.safetensors") for name in ("rank0", "rank1", "alone")
    ]
    for name in weights[2]:
        assert torch.equal(weights[0][name], weights[1][name]), name
        assert torch.allclose(weights[0][name], weights[2][name], atol=1e-4), name
    first, second, alone = (np.load(tmp_path / name / "out.npz") for name in ("rank0", "rank1", "alone"))
    losses = np.concatenate([first["losses"], second["losses"]])
    assert losses.shape == (500, 2)
    one, other = (total / tokens for total, tokens in (losses.sum(axis=0), alone["losses"].sum(axis=0)))
    assert one == pytest.approx(other, abs=1e-4)
    told = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("rank0", "rank1", "alone")]
    assert told[0]["loss"] == told[1]["loss"] == pytest.approx(told[2]["loss"], abs=1e-4)
    # Each rank wrote whole blocks, and together what one writes; a draw on the edge between two tokens may round away.
    assert [one["first"] for one in told] == [[0], [64], [0]]
    together = np.concatenate([first["rows"], second["rows"]])
    assert (together == alone["rows"]).all(axis=1).mean() > 0.95


def check_sharding(folder):
    """Two ranks that each keep a half of everything train what two ranks train that keep all of it."""
    file = "training_state.safetensors"
    for precision, tolerance in (("fp32", 1e-4), ("bf16", 2e-2)):
        first, second, plain = (
            load_file(folder / rank / f"{kind}-{precision}" / file)
            for rank, kind in (("rank0", "sharded"), ("rank1", "sharded"), ("rank0", "plain"))
        )
        assert first.keys() == second.keys() == plain.keys()
        for name in plain:
            assert torch.equal(first[name], second[name]), (precision, name)
            assert torch.allclose(first[name], plain[name], atol=tolerance), (precision, name)
        one, other = (
            load_file(folder / "rank0" / f"{kind}-{precision}" / "model.safetensors") for kind in ("sharded", "plain")
        )
        assert all(torch.allclose(one[name], other[name], atol=tolerance) for name in other)
