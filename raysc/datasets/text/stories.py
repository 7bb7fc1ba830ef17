"""Stories and conversations from a built-in grammar, text for tests and small sweeps without a download."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.dataset import Kind
from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.datasets.text.story_grammar import UNIFORMS, Draws, write_chat, write_story
from raysc.datasets.text.tokenizer import check_token_settings, load_or_train_tokenizer
from raysc.pool.tokens import Tokenizer
from raysc.rng import stream

TOKENIZER_TEXTS = 2000
"""Number of texts that train the tokenizer. They are in no rows and do not depend on the parameters."""


@dataclass(frozen=True)
class Stories(SeededDistribution):
    r"""Texts of a small grammar as rows of tokens, int32 (length,); each seed draws its own rows. 500 held-out rows.

    Attributes:
        form: story: three to five short sentences; chat: "user: ...\nassistant: ...", a question about such a story.
        rows: training rows per seed.
        tokenizer: folder or hub id of a model, for its tokenizer; None: a byte-level BPE tokenizer is trained on 2000
            other texts.
        vocabulary: maximum number of tokens of a tokenizer that is trained.
        length: tokens of a row, including the end token; longer texts are cut.

    Raises:
        InputError: a parameter is out of its range.
    """

    form: Literal["story", "chat"] = "story"
    rows: int = 1000
    tokenizer: str | None = None
    vocabulary: int = 768
    length: int = 64

    test_rows: ClassVar[int] = 500
    kind: ClassVar[Kind] = "text"
    location_parameters: ClassVar[tuple[str, ...]] = ("tokenizer",)

    def __post_init__(self) -> None:
        check_token_settings("stories", self.length, self.vocabulary)
        check_positive("stories", rows=self.rows)

    @cached_property
    def tokens(self) -> Tokenizer:
        """The model's tokenizer, or one that is trained on texts of the grammar."""
        return load_or_train_tokenizer(
            self.tokenizer, lambda: self.texts(0, 0, "tokenizer", TOKENIZER_TEXTS), self.vocabulary
        )

    @property
    def event(self) -> tuple[int, ...]:
        return (self.length,)

    def fingerprint(self) -> str:
        """Return a hash of a model's tokenizer; "" for a trained one, which the parameters determine."""
        return "" if self.tokenizer is None else self.tokens.digest

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, int32 (seeds, count, length)."""
        return np.stack(
            [self.tokens.encode(self.texts(seed, generation, purpose, count), self.length) for seed in seeds]
        )

    def texts(self, seed: int, generation: int, purpose: Purpose | Literal["tokenizer"], count: int) -> list[str]:
        """Draw the texts of one random stream; fewer are a prefix of more."""
        write = write_story if self.form == "story" else write_chat
        uniforms = stream(seed, generation, "data", "stories", self.form, purpose).random((count, UNIFORMS))
        return [write(Draws(row)) for row in uniforms]
