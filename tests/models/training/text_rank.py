"""One rank of a crew that trains language models, run as a process: writes its results into a folder."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState

from raysc.datasets.text.stories import Stories
from raysc.execution.ranks import TrainedRank
from raysc.models.language.causal_lm import CausalLm
from raysc.pool.block_store import MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

STREAMS = Streams((0,), 0)


def main(folder: Path) -> None:
    """Train, sample and evaluate, then train with and without sharding; write states, rows and losses."""
    torch.set_num_threads(1)
    data = Stories(rows=50, length=48)
    family = CausalLm("llama", width=16, depth=1, heads=2, packed=True).for_data(data)
    state = PartialState(cpu=True)
    rank = TrainedRank(family, (0,), data.event, state.process_index, state.num_processes)
    rows = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, data.train((0,))),)),))
    fit = rank.fit(0, rows, "initial", range(15), Train(batch=12, lr=1e-2, clip=1.0, micro_batch=4))
    family.save(rank._state, folder / "model", training_state=True)
    losses = rank.call_rowwise("token_losses", data.test())
    blocks = rank.sample(0, 0, 130, Sample(), MemoryBlockStore())
    assert losses is not None
    np.savez(folder / "out.npz", losses=losses, rows=np.concatenate([block.load() for block in blocks], axis=1)[0])
    results = {"loss": np.asarray(fit.loss).tolist(), "first": [block.first for block in blocks]}
    (folder / "run.json").write_text(json.dumps(results))
    tied = CausalLm("gpt2", width=16, depth=2, heads=2).for_data(data)
    plain = Train(batch=12, lr=1e-2, clip=1.0, micro_batch=4, ema=Ema(half_life=3))
    for precision, model in (("fp32", tied), ("bf16", family)):
        train = plain.model_copy(update={"precision": precision})
        start = model.fit(rows, model.initial(data.event, STREAMS), range(3), train, STREAMS).state
        sharded = train.model_copy(update={"shard": True, "recompute": True})
        for name, settings in (("plain", train), ("sharded", sharded)):
            state = model.fit(rows, start, range(3, 8), settings, STREAMS, 8).state
            model.save(state, folder / f"{name}-{precision}", training_state=True)
    rank.close()


main(Path(sys.argv[1]))
