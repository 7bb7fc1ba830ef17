"""Language model family: next-token prediction, from fresh or pretrained weights."""

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

from raysc.datasets.dataset import SupportsTokens
from raysc.datasets.text.tokenizer import holds_tokenizer, load_tokenizer
from raysc.errors import InputError
from raysc.libraries.hub import SETTINGS, WEIGHTS, model_folder
from raysc.models.family import FitResult
from raysc.models.language import weights
from raysc.models.language.batches import TokenBatch, TokenBatches, pad_rows, supports_sequence_packing, target_losses
from raysc.models.language.candidates import BLOCK, Candidates
from raysc.models.language.networks import (
    Config,
    base_config,
    build_network,
    fresh_config,
    trained_parameters,
    with_weights,
)
from raysc.models.language.rejection import check_template
from raysc.models.language.sampling import sampling_engine
from raysc.models.neural.sampling import latent_streams
from raysc.models.neural.state import State
from raysc.models.training import loop
from raysc.models.training.validation import check_train
from raysc.pool.tokens import PAD, Tokenizer, lengths
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train

MIN_TOKEN_OVERLAP = 0.5
"""Share of the data's tokens that a base must have: variants of a model differ in special or added tokens only."""


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters (Hu et al. 2021) by peft; without dropout.

    Attributes:
        rank: rank of the adapters.
        alpha: adapters are scaled by alpha / rank.
        targets: names of the layers with an adapter; None: all linear layers except the last.
    """

    rank: PositiveInt = 16
    alpha: PositiveFloat = 32.0
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CausalLm:
    """A causal language model of transformers: a fresh GPT-2 or Llama of given sizes, or any pretrained one.

    It learns all tokens of a row, the first one from a begin token. The loss of a step is the mean over the tokens of
    its batch. Dropout is off, also in a base. A row has at most the data's ``length`` tokens.

    Attributes:
        architecture: of a fresh network.
        width: of a fresh network: numbers per token.
        depth: of a fresh network: layers.
        heads: of a fresh network: attention heads; they divide the width.
        feed_forward: of a fresh network: width of its hidden layers; None: 4 times the width for gpt2, 8/3 for llama.
        positions: of a fresh network: maximal tokens of a sequence, each of which has an embedding in a gpt2; None: the
            data's ``length``.
        base: folder or hub id of a pretrained model whose weights training starts from; excludes the six above. The
            data must use its tokenizer: set ``data.tokenizer`` to the same source.
        lora: train adapters and leave the base frozen; None: train all weights.
        packed: rows are joined end to end in sequences of at most ``length`` tokens instead of padded, which is faster
            for short rows. No row attends to another, so losses are the same. A base whose network cannot separate rows
            is refused when it is loaded.
    """

    architecture: Literal["gpt2", "llama"] = "gpt2"
    width: PositiveInt = 64
    depth: PositiveInt = 2
    heads: PositiveInt = 4
    feed_forward: PositiveInt | None = None
    positions: PositiveInt | None = None
    base: str | None = None
    lora: Lora | None = None
    packed: bool = False

    _data: SupportsTokens | None = field(default=None, init=False, repr=False, compare=False)
    _prompt_cache: dict[tuple[object, ...], np.ndarray] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    version: ClassVar[int] = 2
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    sample_settings: ClassVar[tuple[str, ...]] = (
        "temperature",
        "top_k",
        "top_p",
        "prompt_tokens",
        "accept",
        "template",
        "precision",
        "latents",
    )
    location_parameters: ClassVar[tuple[str, ...]] = ("base",)

    def __post_init__(self) -> None:
        if self.base is None:
            if self.lora is not None:
                raise InputError("model.lora: adapters need a pretrained model; set model.base")
            if self.width % self.heads:
                raise InputError(f"model.heads: {self.heads} heads cannot share a width of {self.width} evenly")
            if self.architecture == "llama" and self.width // self.heads % 2:
                raise InputError(
                    f"model.heads: heads of a llama have an even width, since rotary embeddings rotate pairs; "
                    f"{self.width} / {self.heads} is {self.width // self.heads}"
                )
            return
        for name in ("architecture", "width", "depth", "heads", "feed_forward", "positions"):
            if getattr(self, name) != getattr(type(self), name):
                raise InputError(f"model.{name}: a model with a base has the base's sizes; take it out")
        if Path(self.base).is_dir():
            object.__setattr__(self, "base", str(Path(self.base).absolute()))  # workers run in other folders

    def for_data(self, data: Any) -> "CausalLm":
        if not isinstance(data, SupportsTokens):
            return self
        bound = copy.copy(self)
        object.__setattr__(bound, "_data", data)
        object.__setattr__(bound, "_prompt_cache", {})
        return bound

    @property
    def _tokenizer(self) -> Tokenizer:
        if self._data is None:
            raise InputError("causal_lm needs text, and these data are none; take text, helpsteer2, tinystories, ...")
        return self._data.tokens

    def fingerprint(self) -> str:
        """Return a digest of the base's files, independent of their folder; "" for a fresh network."""
        return "" if self.base is None else _fingerprint(self.base)

    def check(self, event: tuple[int, ...]) -> None:
        if self.positions is not None and self.positions < event[0]:
            raise InputError(f"model.positions: {self.positions} are fewer than the {event[0]} tokens of a row")
        self._config(event)
        if self.base is not None:
            self._check_tokenizer(self.base)
        if self.lora is not None and self.lora.targets is not None:
            self.parameter_count(event)

    def _check_tokenizer(self, base: str) -> None:
        """Refuse data whose tokens are not the base's: token ids of another tokenizer mean nothing to a base."""
        if not holds_tokenizer(model_folder(base, "model.base", SETTINGS)):
            return
        data_tokenizer, base_tokenizer = self._tokenizer, load_tokenizer(base)
        if data_tokenizer != base_tokenizer and data_tokenizer.overlap(base_tokenizer) < MIN_TOKEN_OVERLAP:
            raise InputError(f"model.base: {base} does not know the data's tokens; set data.tokenizer: {base}")

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        check_train(train, event, "causal_lm")
        check_template(sample)
        if sample.prompt_tokens is not None and sample.prompt_tokens >= event[0]:
            raise InputError(f"sample.prompt_tokens: must be less than the {event[0]} tokens of a row")

    def _config(self, event: tuple[int, ...]) -> Config:
        (length,), size = event, self._tokenizer.size
        if self.base is None:
            sizes = (self.architecture, self.width, self.depth, self.heads, size)
            values = fresh_config(*sizes, self.positions or length, self.feed_forward)
        else:
            values = base_config(self.base, size, length)
        lora = None
        if self.lora is not None:
            targets = list(self.lora.targets) if self.lora.targets else "all-linear"
            lora = {"r": self.lora.rank, "lora_alpha": self.lora.alpha, "target_modules": targets}
        return {"network": "causal_lm", "event": [length], "transformers": values, "base": self.base, "lora": lora}

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        config, device = self._config(event), PartialState().device
        (generator,) = streams.generators("init")
        initial = {name: value.to(device) for name, value in weights.initial_weights(config, generator).items()}
        if (
            self.packed
            and self.base is not None
            and not supports_sequence_packing(with_weights(config, initial).eval())
        ):
            raise InputError("model.packed: rows of a packed sequence see each other in this network; take it out")
        return State(config, initial, initial)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        total_steps: int | None = None,
    ) -> FitResult:  # fmt: skip
        vocabulary = start.config["transformers"]["vocab_size"]  # a base may sample ids that its tokenizer lacks
        batches = partial(TokenBatches, begin=self._tokenizer.begin, vocabulary=vocabulary, pack=self.packed)
        return loop.fit(_loss, training_set, start, steps, train, streams, total_steps, with_weights, batches)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        return self.sample_with_acceptance(state, first, count, sample, streams)[0]

    def sample_with_acceptance(
        self, state: State, first: int, count: int, sample: Sample, streams: Streams
    ) -> tuple[np.ndarray, float | None]:
        (length,), network = state.event, with_weights(state.config, state.ema).eval()
        prompts, streams = self._prompts(streams, sample), latent_streams(sample, streams)
        candidates = Candidates(self._tokenizer, length, first, count, prompts, sample, streams)
        sampling_engine(network, length)(network, candidates, sample)
        acceptance = None if sample.accept is None else count / candidates.total
        return candidates.rows[None], acceptance

    def _prompts(self, streams: Streams, sample: Sample) -> np.ndarray | None:
        """Return the first tokens of the seed's real training rows, without end tokens: int32 (n, prompt_tokens)."""
        if sample.prompt_tokens is None:
            return None
        assert self._data is not None, "check refuses a family without data"
        key = (streams.seeds, sample.prompt_tokens)
        if key not in self._prompt_cache:  # drawing the real rows anew takes as long as sampling some of them
            prompts = self._data.train(streams.seeds)[0, :, : sample.prompt_tokens]
            self._prompt_cache[key] = np.where(prompts == self._tokenizer.end, PAD, prompts)
        return self._prompt_cache[key]

    def texts(self, rows: np.ndarray) -> list[str]:
        return self._tokenizer.decode(rows)

    def token_losses(self, state: State, rows: np.ndarray) -> np.ndarray:
        network = with_weights(state.config, state.ema).eval()
        sums = []
        for start in range(0, len(rows), BLOCK):
            batch = pad_rows(rows[start : start + BLOCK], self._tokenizer.begin)
            with torch.inference_mode():
                losses = target_losses(network, batch.to(state.device))
            sums.append(losses.double().sum(dim=1).cpu().numpy())
        return np.stack([np.concatenate(sums), lengths(rows).astype(np.float64)], axis=1)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        weights.save(state, self._tokenizer, folder, training_state)

    def load(self, folder: Path) -> State:
        assert self._data is not None, "check refuses a family without data"
        return weights.load(self._config(self._data.event), folder)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        with torch.device("meta"):
            return sum(value.numel() for value in trained_parameters(build_network(self._config(event))).values())


def _loss(network: nn.Module, batch: TokenBatch) -> Tensor:
    """Return the sum of the token losses; ``TokenBatches`` gives the weight of a token."""
    return target_losses(network, batch).sum()


def _fingerprint(base: str) -> str:
    folder = model_folder(base, "model.base", WEIGHTS)
    files = sorted([*folder.glob("config.json"), *folder.glob("*.safetensors")])
    return _digest(tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=4)
def _digest(stamps: tuple[tuple[str, int, int], ...]) -> str:
    """Return a digest of files (path, size, modification time); the cache reads gigabytes once per process."""
    digest = sha256()
    for name, size, _ in stamps:
        digest.update(f"{Path(name).name} {size}\n".encode())
        with Path(name).open("rb") as file:
            while piece := file.read(2**24):
                digest.update(piece)
    return digest.hexdigest()
