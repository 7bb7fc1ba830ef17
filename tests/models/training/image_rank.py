"""One rank of a crew that trains models of digits, run as a process: writes its results into a folder."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from torch import Tensor, nn

from raysc.datasets.images.digits import Digits
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training import loop
from raysc.models.training.batches import Batch
from raysc.models.training.process_state import reset_process_state
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Train

IMAGE = (1, 8, 8)
STREAMS = Streams((0,), 0)


def main(folder: Path) -> None:
    """Train each model and write states, losses and the number of ranks."""
    torch.set_num_threads(1)
    world_size = PartialState(cpu=True).num_processes  # without cpu=True each rank would train alone
    rows = TrainingSet((Rows(REAL, (MemoryBlock("digits", 0, Digits().train([0])),)),))
    families: dict[str, TrainedFamily] = {"flow": FlowMatching(width=32), "ddpm": Ddpm(width=32)}
    losses = {}
    for name, family in families.items():
        train = Train(batch=64, clip=0.5, ema=Ema(half_life=5))
        result = family.fit(rows, family.initial(IMAGE, STREAMS), range(12), train, STREAMS)
        family.save(result.state, folder / name, training_state=True)
        losses[name] = float(np.mean(result.loss))  # one rank trains a pack, which has a loss for each seed
    flow = families["flow"]
    failed = flow.fit(rows, flow.initial(IMAGE, STREAMS), range(3), Train(batch=64, lr=1e30), STREAMS)
    diverged = bool(np.all(failed.diverged))
    row_counts = train_with_little_memory(rows, folder / "little_memory")
    results = {"ranks": world_size, "losses": losses, "diverged": diverged, "row_counts": row_counts}
    (folder / "run.json").write_text(json.dumps(results))
    reset_process_state()


def train_with_little_memory(rows: TrainingSet, folder: Path) -> list[int]:
    """Train where rank 1 of two ranks has memory for 8 rows; return the row counts of the first four losses."""
    family, row_counts = FlowMatching(width=32), []

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        row_counts.append(len(batch.rows))
        if os.environ.get("RANK") == "1" and len(batch.rows) > 8:
            raise torch.OutOfMemoryError("no memory")
        return family.loss(network, batch)

    setattr(loop, "on_gpu", lambda device: True)  # noqa: B010 - dry runs happen on GPUs only
    train = Train(batch=64, ema=Ema(half_life=5))
    state = loop.fit(loss, rows, family.initial(IMAGE, STREAMS), range(3), train, STREAMS).state
    family.save(state, folder, training_state=True)
    return row_counts[:4]


main(Path(sys.argv[1]))
