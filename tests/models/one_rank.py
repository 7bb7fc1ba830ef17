"""One rank of a run, as a process of its own: trains on digits and writes what it got into a folder."""

import json
import sys
from pathlib import Path

import torch

from raysc.datasets.digits import Digits
from raysc.models.ddpm import Ddpm
from raysc.models.flow_matching import FlowMatching
from raysc.models.training import reset_accelerator
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.streams import Streams
from raysc.sweepfile.settings import Ema, Train


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    streams = Streams((0,), 0)
    rows = TrainingSet((Rows(REAL, (MemoryBlock("digits", 0, Digits().train([0])),)),))
    losses = {}
    for name, family in (("flow", FlowMatching(width=32)), ("ddpm", Ddpm(width=32))):
        train = Train(batch=64, clip=0.5, ema=Ema(half_life=5))
        fitted = family.fit(rows, family.initial((1, 8, 8), streams), range(12), train, streams)
        family.save(fitted.state, folder / name, training_state=True)
        losses[name] = fitted.loss
    wild = family.fit(rows, family.initial((1, 8, 8), streams), range(3), Train(batch=64, lr=1e30), streams)
    (folder / "run.json").write_text(json.dumps({"losses": losses, "wild": wild.diverged}))
    reset_accelerator()


main(Path(sys.argv[1]))
