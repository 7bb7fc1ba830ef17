"""One rank of a run, as a process of its own: trains on digits and writes what it got into a folder."""

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import PartialState

from raysc.datasets.digits import Digits
from raysc.models import gpu
from raysc.models.ddpm import Ddpm
from raysc.models.flow_matching import FlowMatching
from raysc.models.networks import predict
from raysc.models.training import fit, reset_accelerator
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.streams import Streams
from raysc.sweepfile.settings import Ema, Train


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    met = PartialState(cpu=True).num_processes  # as a crew does; without it each rank would train alone
    streams = Streams((0,), 0)
    rows = TrainingSet((Rows(REAL, (MemoryBlock("digits", 0, Digits().train([0])),)),))
    losses = {}
    for name, family in (("flow", FlowMatching(width=32)), ("ddpm", Ddpm(width=32))):
        train = Train(batch=64, clip=0.5, ema=Ema(half_life=5))
        fitted = family.fit(rows, family.initial((1, 8, 8), streams), range(12), train, streams)
        family.save(fitted.state, folder / name, training_state=True)
        losses[name] = fitted.loss
    wild = family.fit(rows, family.initial((1, 8, 8), streams), range(3), Train(batch=64, lr=1e30), streams)
    fit_in_little_memory(folder / "tight", rows, streams)
    (folder / "run.json").write_text(json.dumps({"losses": losses, "wild": wild.diverged, "met": met}))
    reset_accelerator()


def fit_in_little_memory(folder: Path, rows: TrainingSet, streams: Streams) -> None:
    """The last rank alone has room for eight rows only; of several, each may give the network 32."""
    gpu.on_gpu = lambda device: True
    last = int(os.environ.get("RANK", "0")) == int(os.environ.get("WORLD_SIZE", "1")) - 1

    def loss(network, batch):
        values = predict(network, batch.rows, batch.times)
        if last and len(batch.rows) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return (values - batch.noise).square().mean()

    family = FlowMatching(width=32)
    fitted = fit(loss, rows, family.initial((1, 8, 8), streams), range(6), Train(batch=64, clip=0.5), streams)
    family.save(fitted.state, folder, training_state=True)


main(Path(sys.argv[1]))
