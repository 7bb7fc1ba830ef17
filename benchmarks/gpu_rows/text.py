"""Language models: packed training and sampling by raysc, and the same networks by plain transformers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn.functional import cross_entropy

from benchmarks.gpu_rows.measuring import Contender, Demand, Goal, Row, Work, default_device, timed
from raysc.models.language.causal_lm import CausalLm
from raysc.models.neural.gpu import free_memory
from raysc.models.neural.state import State
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.tokens import PAD, Tokenizer, lengths
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Sample, Train

END = 0
"""The token that begins and ends a text."""
IGNORE_INDEX = -100
STREAMS = Streams((0,), 0)
GPT2 = CausalLm(architecture="gpt2", width=256, depth=8, heads=8, packed=True)
LLAMA = CausalLm(architecture="llama", width=512, depth=8, heads=8, feed_forward=2048, packed=True)
SMALL_GPT2 = CausalLm(architecture="gpt2", width=16, depth=1, heads=2, packed=True)
SMALL_LLAMA = CausalLm(architecture="llama", width=16, depth=1, heads=2, packed=True)


@dataclass(frozen=True)
class Sizes:
    """Sizes of a measurement.

    Attributes:
        vocabulary: tokens of the tokenizer.
        length: most tokens of a text.
        texts: training texts.
        batch: texts of an optimiser step.
        steps: optimiser steps of a fit by raysc.
        plain_steps: optimiser steps of the plain loop.
        sampled: texts that are sampled at once.
        block: texts that are sampled at once in small blocks.
    """

    vocabulary: int
    length: int
    texts: int
    batch: int
    steps: int
    plain_steps: int
    sampled: int
    block: int


SIZES = Sizes(vocabulary=8192, length=512, texts=4096, batch=128, steps=100, plain_steps=30, sampled=2048, block=64)
SMALL_SIZES = Sizes(vocabulary=64, length=12, texts=32, batch=4, steps=4, plain_steps=4, sampled=8, block=4)


class MadeUpTexts:
    """Texts of independent tokens, with frequencies by Zipf's law; a text is about 0.45 times as long as a row.

    Attributes:
        event: shape of a row.
        tokens: a tokenizer that encodes and decodes nothing.
        rows: int32 (texts, length).
    """

    kind = "text"

    def __init__(self, sizes: Sizes) -> None:
        """Draw the texts."""
        self.event = (sizes.length,)
        self.tokens = Tokenizer("", END, END, sizes.vocabulary)
        rng = np.random.default_rng(0)
        frequencies = 1 / np.arange(1, sizes.vocabulary)
        self.rows = rng.choice(
            np.arange(1, sizes.vocabulary, dtype=np.int32),
            size=(sizes.texts, sizes.length),
            p=frequencies / frequencies.sum(),
        )
        mean = 0.45 * sizes.length
        counts = rng.normal(mean, mean / 4, size=(sizes.texts, 1)).astype(int).clip(2, sizes.length - 1)
        positions = np.arange(sizes.length)
        self.rows[positions == counts] = END
        self.rows[positions > counts] = PAD

    def train(self, seeds: object) -> np.ndarray:
        """Return the texts, int32 (1, texts, length), the same for all seeds."""
        return self.rows[None]


def lm_train_gpt2(small: bool) -> Row:
    """Return the row of training a GPT-2 of 8.5 million parameters."""
    return _training(SMALL_GPT2 if small else GPT2, SMALL_SIZES if small else SIZES)


def lm_train_llama(small: bool) -> Row:
    """Return the row of training a Llama of 42 million parameters."""
    return _training(SMALL_LLAMA if small else LLAMA, SMALL_SIZES if small else SIZES)


def _training(family: CausalLm, sizes: Sizes) -> Row:
    """Return a row of training; its unit is a token of a text, padding left out."""
    texts = MadeUpTexts(sizes)
    family = family.for_data(texts)
    state = family.initial(texts.event, STREAMS)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock(REAL, 0, texts.train(STREAMS.seeds)),)),))
    train = Train(batch=sizes.batch, lr=1e-3, warmup=0.05, clip=1.0, precision="bf16")
    step_tokens = float(lengths(texts.rows).mean()) * sizes.batch
    parameters = sum(weights.numel() for weights in state.weights.values())
    demand = Demand(6 * parameters, "bf16")  # without the products of attention

    def fit() -> Work:
        seconds = timed(lambda: family.fit(training_set, state, range(sizes.steps), train, STREAMS))
        return Work(step_tokens * sizes.steps, seconds)

    plain_loop = PlainTraining(state, texts.rows, sizes)
    compiled = default_device().type == "cuda"  # on a CPU compiling takes longer than everything else

    def plain_fit() -> Work:
        return Work(step_tokens * sizes.plain_steps, timed(plain_loop.run))

    name = f"transformers, {'torch.compile' if compiled else 'eager'}, padded"
    goal = Goal("ratio", 2.0)
    return Row("tokens", (Contender("raysc, packed", fit, demand), Contender(name, plain_fit, demand, (goal,))))


def plain_network(state: State) -> Any:
    """Return the network of a state as transformers builds it, with copies of the weights."""
    values = dict(state.config["transformers"])
    config = transformers.AutoConfig.for_model(values.pop("model_type"), **values)
    network = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).to(default_device())
    network.load_state_dict(state.weights, strict=False)  # tied weights are in a state once
    return network


class PlainTraining:
    """A plain loop around a network of transformers.

    Rows are padded to their full length, so that the compiled network has one shape; autocast to bf16, fused AdamW and
    clipping are those of raysc's settings, and a step is one forward pass of the whole batch.
    """

    def __init__(self, state: State, rows: np.ndarray, sizes: Sizes) -> None:
        """Build the network and its optimiser.

        Args:
            state: has the initial weights.
            rows: int32 (texts, length).
            sizes: ``batch`` and ``plain_steps`` are read.
        """
        self._network, self._device = plain_network(state).train(), default_device()
        self._forward: Callable[..., Any] = self._network
        if self._device.type == "cuda":
            self._forward = torch.compile(self._network)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr=1e-3, weight_decay=0.0, fused=True)
        targets = torch.from_numpy(rows.astype(np.int64))
        begins = torch.full((len(targets), 1), END)
        self._input_ids = torch.cat([begins, targets[:, :-1].clamp(min=0)], dim=1)
        self._targets = targets.masked_fill(targets == PAD, IGNORE_INDEX)
        self._batch, self._steps = sizes.batch, sizes.plain_steps

    def run(self) -> None:
        """Run the optimiser steps."""
        for _ in range(self._steps):
            chosen = torch.randint(len(self._targets), (self._batch,))
            input_ids, targets = (
                tensor[chosen].to(self._device, non_blocking=True) for tensor in (self._input_ids, self._targets)
            )
            with torch.autocast(self._device.type, torch.bfloat16):
                logits = self._forward(input_ids=input_ids).logits
            loss = cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORE_INDEX)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad()


def lm_sample(small: bool) -> Row:
    """Return the row of sampling texts of a GPT-2; its unit is a token.

    The rivals are transformers' ``generate`` with bf16 weights: all texts in one batch, and in blocks of 64, as raysc
    sampled before it had slots. A check is the share of texts that are the same when they are drawn in two parts.
    """
    sizes = SMALL_SIZES if small else SIZES
    texts = MadeUpTexts(sizes)
    family = (SMALL_GPT2 if small else GPT2).for_data(texts)
    state = family.initial(texts.event, STREAMS)
    sample = Sample(precision="bf16")

    def draw(first: int, count: int) -> np.ndarray:
        rows: np.ndarray = family.sample(state, first, count, sample, STREAMS)[0]
        return rows

    def drawn() -> Work:
        results: list[np.ndarray] = []
        free_memory()  # raysc's slots depend on the free memory, which the cache of a rival must not take
        seconds = timed(lambda: results.append(draw(0, sizes.sampled)))
        return Work(float(lengths(results[0]).sum()), seconds)

    def check() -> Mapping[str, float]:
        free_memory()
        half = sizes.sampled // 2
        parts = np.concatenate([draw(0, half), draw(half, sizes.sampled - half)])
        return {"share of equal texts in two parts": float((parts == draw(0, sizes.sampled)).all(axis=1).mean())}

    network = plain_network(state).to(torch.bfloat16).eval()

    def generated(count: int) -> Callable[[], Work]:
        return lambda: _generate(network, count, sizes.length)

    # A token reads the keys and values before it: on average two numbers of half a text in each layer.
    demand = Demand(2.0 * family.depth * family.width * sizes.length, "copy")
    rivals = (
        Contender("generate, one batch", generated(sizes.sampled), demand, (Goal("ratio", 1 / 1.5),)),
        Contender(f"generate, {sizes.block} texts", generated(sizes.block), demand, (Goal("ratio", 10.0),)),
    )
    return Row("tokens", (Contender("raysc", drawn, demand), *rivals), check)


def _generate(network: Any, count: int, length: int) -> Work:
    """Sample a batch of texts by transformers' ``generate``; tokens after a text's end do not count."""
    input_ids = torch.full((count, 1), END, device=default_device())
    settings = transformers.GenerationConfig(
        max_new_tokens=length, do_sample=True, top_k=0, use_cache=True, eos_token_id=END, pad_token_id=END
    )
    results: list[np.ndarray] = []

    def generate() -> None:
        with torch.inference_mode():
            sequences = network.generate(
                input_ids=input_ids, attention_mask=torch.ones_like(input_ids), generation_config=settings
            )
        results.append(sequences[:, 1:].cpu().numpy())

    seconds = timed(generate)
    ended = np.cumsum(results[0] == END, axis=1) - (results[0] == END)
    return Work(float((ended == 0).sum()), seconds)
