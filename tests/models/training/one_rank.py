"""One rank of a run, as a process of its own: trains on digits and writes what it got into a folder."""

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import PartialState

from raysc.datasets.digits import Digits
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.flows import flow_matching
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training import loop
from raysc.models.training.loop import reset_accelerator
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Train


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    ranks = PartialState(cpu=True).num_processes  # without being told of the CPU each would train alone
    streams = Streams((0,), 0)
    rows = TrainingSet((Rows(REAL, (MemoryBlock("digits", 0, Digits().train([0])),)),))
    losses = {}
    for name, family in (("flow", FlowMatching(width=32)), ("ddpm", Ddpm(width=32))):
        train = Train(batch=64, clip=0.5, ema=Ema(half_life=5))
        fitted = family.fit(rows, family.initial((1, 8, 8), streams), range(12), train, streams)
        family.save(fitted.state, folder / name, training_state=True)
        losses[name] = fitted.loss
    wild = family.fit(rows, family.initial((1, 8, 8), streams), range(3), Train(batch=64, lr=1e30), streams)
    told = {"ranks": ranks, "losses": losses, "wild": wild.diverged} | narrow(folder, rows, streams)
    (folder / "run.json").write_text(json.dumps(told))
    reset_accelerator()


def narrow(folder: Path, rows: TrainingSet, streams: Streams) -> dict[str, object]:
    """Train where the second of two ranks has room for few rows at once."""
    family, asked = FlowMatching(width=32), []

    def loss(network, batch):
        asked.append(len(batch.rows))
        if os.environ.get("RANK") == "1" and len(batch.rows) > 8:
            raise torch.OutOfMemoryError("no room")
        return flow_matching._loss(network, batch)

    loop.on_gpu = lambda device: True
    start, train = family.initial((1, 8, 8), streams), Train(batch=64, ema=Ema(half_life=5))
    family.save(loop.fit(loss, rows, start, range(3), train, streams).state, folder / "narrow", training_state=True)
    return {"asked": asked[:4]}


main(Path(sys.argv[1]))
