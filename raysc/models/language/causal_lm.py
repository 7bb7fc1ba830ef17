"""Language models: trained to predict the next token, from fresh or pretrained weights."""

import copy
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from accelerate.state import PartialState
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from raysc.datasets.dataset import TextDataSet
from raysc.datasets.tokenizer import has_tokenizer, model_tokenizer
from raysc.errors import InputError
from raysc.libraries.hub import SETTINGS, WEIGHTS, model_folder
from raysc.models.family import Fitted
from raysc.models.language import weights
from raysc.models.language.batches import TokenBatch, TokenBatches, keeps_rows_apart, padded, target_losses
from raysc.models.language.networks import Config, base_config, build, fresh_config, trained_parameters, with_weights
from raysc.models.language.sampling import BLOCK, draw_block
from raysc.models.neural.state import State
from raysc.models.training import loop
from raysc.pool.rows import TrainingSet
from raysc.pool.tokens import PAD, Tokenizer, lengths
from raysc.progress import tell
from raysc.rng import Streams
from raysc.settings import Sample, Train

SAME = 0.5
"""Share of the data's tokens that a base must know: relatives of a model have other special tokens, or a few more."""


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters (Hu et al. 2021) by peft; without dropout.

    Attributes:
        rank: of the adapters.
        alpha: they are scaled by alpha / rank.
        targets: names of the layers that get one; None: all linear layers but the last.
    """

    rank: PositiveInt = 16
    alpha: PositiveFloat = 32.0
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CausalLm:
    """A causal language model of transformers: a fresh GPT-2 or Llama of given sizes, or any pretrained one.

    It learns all tokens of a row, the first one from a begin token alone; the loss of a step is the mean over the
    tokens of its batch. Dropout is off, that of a base too. A row is at most the data's ``length`` tokens long.

    Attributes:
        architecture: of a fresh network.
        width: of a fresh network: numbers per token.
        depth: of a fresh network: layers.
        heads: of a fresh network: attention heads; they divide the width.
        base: folder or hub id of a pretrained model, whose weights training then begins from; excludes the four above.
            Its tokenizer is the data's: set ``data.tokenizer`` to the same.
        lora: adapters are trained, and the base is not; None: all weights are trained.
        packed: rows are put end to end in sequences of at most ``length`` tokens instead of being padded, which is
            quicker where rows are short; no row sees another, so losses are the same. A base whose network cannot
            keep rows apart is refused when it is loaded.
    """

    architecture: Literal["gpt2", "llama"] = "gpt2"
    width: PositiveInt = 64
    depth: PositiveInt = 2
    heads: PositiveInt = 4
    base: str | None = None
    lora: Lora | None = None
    packed: bool = False

    _data: TextDataSet | None = field(default=None, init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    samples_by: ClassVar[tuple[str, ...]] = ("temperature", "top_k", "top_p", "prompt_tokens", "accept", "precision")
    located: ClassVar[tuple[str, ...]] = ("base",)

    def __post_init__(self) -> None:
        if self.base is None:
            if self.lora is not None:
                raise InputError("model.lora: adapters need a pretrained model; set model.base")
            if self.width % self.heads:
                raise InputError(f"model.heads: {self.heads} heads cannot share a width of {self.width} evenly")
            if self.architecture == "llama" and self.width // self.heads % 2:
                raise InputError(
                    f"model.heads: heads of a llama have an even width, since positions turn pairs of numbers; "
                    f"{self.width} / {self.heads} is {self.width // self.heads}"
                )
            return
        for name in ("architecture", "width", "depth", "heads"):
            if getattr(self, name) != getattr(type(self), name):
                raise InputError(f"model.{name}: a model with a base has the base's sizes; take it out")
        if Path(self.base).is_dir():
            object.__setattr__(self, "base", str(Path(self.base).absolute()))  # workers may run in other folders

    def for_data(self, data: Any) -> "CausalLm":
        if not isinstance(data, TextDataSet):
            return self
        bound = copy.copy(self)
        object.__setattr__(bound, "_data", data)
        return bound

    @property
    def _tokenizer(self) -> Tokenizer:
        if self._data is None:
            raise InputError("causal_lm needs text, and these data are none; take text, helpsteer2, tinystories, ...")
        return self._data.tokens

    def fingerprint(self) -> str:
        """Of the base's files, wherever they lie."""
        return "" if self.base is None else _fingerprint(self.base)

    def check(self, event: tuple[int, ...]) -> None:
        self._config(event)
        if self.base is not None:
            self._check_tokenizer(self.base)
        if self.lora is not None and self.lora.targets is not None:
            self.parameter_count(event)

    def _check_tokenizer(self, base: str) -> None:
        """In another tokenizer's ids a pretrained model knows no word, and would say nothing of it."""
        if not has_tokenizer(model_folder(base, "model.base", SETTINGS)):
            return
        given, own = self._tokenizer, model_tokenizer(base)
        if given != own and given.shared(own) < SAME:
            raise InputError(f"model.base: {base} does not know the data's tokens; set data.tokenizer: {base}")

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        loop.check_train(train, event, "causal_lm")
        if sample.prompt_tokens is not None and sample.prompt_tokens >= event[0]:
            raise InputError(f"sample.prompt_tokens: must leave something to write of rows of {event[0]} tokens")

    def _config(self, event: tuple[int, ...]) -> Config:
        (length,), size = event, self._tokenizer.size
        if self.base is None:
            values = fresh_config(self.architecture, self.width, self.depth, self.heads, size, length)
        else:
            values = base_config(self.base, size, length)
        lora = None
        if self.lora is not None:
            targets = list(self.lora.targets) if self.lora.targets else "all-linear"
            lora = {"r": self.lora.rank, "lora_alpha": self.lora.alpha, "target_modules": targets}
        return {"network": "causal_lm", "event": [length], "transformers": values, "base": self.base, "lora": lora}

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        config, device = self._config(event), PartialState().device
        (generator,) = streams.each("init")
        initial = {n: value.to(device) for n, value in weights.initial_weights(config, generator).items()}
        if self.packed and self.base is not None and not keeps_rows_apart(with_weights(config, initial).eval()):
            raise InputError("model.packed: this network lets the rows of a sequence see each other; take it out")
        return State(config, initial, initial)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        batches = partial(TokenBatches, begin=self._tokenizer.begin, pack=self.packed)
        return loop.fit(_loss, training_set, start, steps, train, streams, length, with_weights, batches)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        return self.draw_accepted(state, first, count, sample, streams)[0]

    def draw_accepted(
        self, state: State, first: int, count: int, sample: Sample, streams: Streams
    ) -> tuple[np.ndarray, float | None]:
        (length,), network = state.event, with_weights(state.config, state.ema).eval()
        real = self._prompts(streams, sample)
        blocks = range(first // BLOCK, -(-(first + count) // BLOCK))
        drawn, tried = [], 0.0
        for block in blocks:
            tell("sampling", "blocks of rows", block - blocks.start, len(blocks))
            own = None if real is None else real[np.arange(block * BLOCK, (block + 1) * BLOCK) % len(real)]
            rows, candidates = draw_block(network, self._tokenizer, length, block, own, sample, streams)
            drawn.append(rows)
            # Of a block that is asked for in part, by several ranks say, each counts as much as it takes.
            taken = min(first + count, (block + 1) * BLOCK) - max(first, block * BLOCK)
            tried += candidates * taken / BLOCK
        tell("sampling", "blocks of rows", len(blocks), len(blocks))
        skip = first - blocks.start * BLOCK
        acceptance = None if sample.accept is None else count / tried
        return np.concatenate(drawn)[None, skip : skip + count], acceptance

    def _prompts(self, streams: Streams, sample: Sample) -> np.ndarray | None:
        """The first tokens of the seed's real training rows, without end tokens: int32 (n, prompt_tokens)."""
        if sample.prompt_tokens is None:
            return None
        assert self._data is not None, "a family without data was refused"
        prompts = self._data.train(streams.seeds)[0, :, : sample.prompt_tokens]
        without_ends: np.ndarray = np.where(prompts == self._tokenizer.end, PAD, prompts)
        return without_ends

    def texts(self, rows: np.ndarray) -> list[str]:
        return self._tokenizer.decode(rows)

    def token_losses(self, state: State, rows: np.ndarray) -> np.ndarray:
        network = with_weights(state.config, state.ema).eval()
        found = []
        for start in range(0, len(rows), BLOCK):
            batch = padded(rows[start : start + BLOCK], self._tokenizer.begin)
            with torch.inference_mode():
                losses = target_losses(network, batch.to(state.device))
            found.append(losses.double().sum(dim=1).cpu().numpy())
        return np.stack([np.concatenate(found), lengths(rows).astype(np.float64)], axis=1)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        weights.save(state, self._tokenizer, folder, training_state)

    def load(self, folder: Path) -> State:
        assert self._data is not None, "a family without data was refused"
        return weights.load(self._config(self._data.event), folder)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        with torch.device("meta"):
            return sum(value.numel() for value in trained_parameters(build(self._config(event))).values())


def _loss(network: nn.Module, batch: TokenBatch) -> Tensor:
    """The sum over tokens; ``TokenBatches`` says what a token counts."""
    return target_losses(network, batch).sum()


def _fingerprint(base: str) -> str:
    folder = model_folder(base, "model.base", WEIGHTS)
    files = sorted([*folder.glob("config.json"), *folder.glob("*.safetensors")])
    return _digest(tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=4)
def _digest(stamps: tuple[tuple[str, int, int], ...]) -> str:
    """Of files by path, size and time, so that gigabytes are read once a process."""
    digest = sha256()
    for name, size, _ in stamps:
        digest.update(f"{Path(name).name} {size}\n".encode())
        with Path(name).open("rb") as file:
            while piece := file.read(2**24):
                digest.update(piece)
    return digest.hexdigest()
