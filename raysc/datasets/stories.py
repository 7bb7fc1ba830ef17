"""Small stories and conversations that this file writes itself: text for tests and small sweeps, without a download.

They come from the grammar below, which was written for raysc; nothing in it is taken from anywhere. Words are drawn
with Zipf's frequencies, so that each list has rare ones to lose, and a story keeps to its hero, place and thing, so
that there is something to learn beyond single words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.token_rows import check_sizes
from raysc.datasets.tokenizer import model_tokenizer, trained_tokenizer
from raysc.errors import InputError
from raysc.pool.tokens import Tokenizer
from raysc.rng import stream

TEST_ROWS = 500
TOKENIZER_TEXTS = 2000
"""Texts, apart from all rows, that the tokenizer is trained on: the same whatever the settings."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEROES = _words("""
    fox cat owl bear mouse goat hen duck frog wolf pony lamb toad crow otter mole hare swan badger heron lynx newt stork
    gecko bison moth yak ibis stoat wren
""")
NAMES = _words("Mira Tom Ada Ben Lio Ruth Kai Nell Oskar Zora Pim Ines Hugo Yara Finn Edda Bo Suri Milo Greta")
TRAITS = _words("""
    small old brave shy quick sleepy kind proud clever hungry quiet merry stubborn gentle grumpy dizzy
""")
PLACES = _words("""
    forest garden river village barn hill meadow harbour cave market orchard mill island valley tower bridge marsh
    cellar quarry lighthouse
""")
THINGS = _words("""
    apple lamp key drum boat hat bell rope kite book spoon coin map basket whistle ladder lantern pebble feather button
    cup mirror wheel blanket candle shell thimble anchor
""")
COLOURS = _words("red blue green yellow white black golden brown silver purple grey orange")
WEATHERS = _words("sunny rainy windy cold warm foggy snowy stormy")
FEELINGS = _words("happy sad proud tired angry calm afraid curious glad lonely")
SEARCHES = ("looked under", "looked behind", "walked around", "ran past", "climbed over", "sat beside")
SPOTS = tuple(f"the {spot}" for spot in _words("oak well fence stone cart gate wall bush shed ditch"))


@dataclass(frozen=True)
class Stories:
    r"""Texts of a small grammar as rows of tokens, int32 (length,); each seed draws its own. 500 held-out rows.

    Attributes:
        form: story: three to five short sentences; chat: "user: ...\nassistant: ...", a question about such a story.
        rows: training rows per seed.
        tokenizer: of a model, by folder or hub id; None: a byte-level BPE tokenizer is trained on 2000 texts of their
            own.
        vocabulary: tokens of a tokenizer that is trained here, at most.
        length: tokens of a row, its end token included; longer texts are cut.

    Raises:
        InputError: impossible parameters.
    """

    form: Literal["story", "chat"] = "story"
    rows: int = 1000
    tokenizer: str | None = None
    vocabulary: int = 768
    length: int = 64

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points", "text"]] = "text"
    labelled: ClassVar[bool] = False
    located: ClassVar[tuple[str, ...]] = ("tokenizer",)

    def __post_init__(self) -> None:
        check_sizes("stories", self.length, self.vocabulary)
        if self.rows < 1:
            raise InputError(f"stories: rows must be at least 1, not {self.rows}")

    @cached_property
    def tokens(self) -> Tokenizer:
        if self.tokenizer is not None:
            return model_tokenizer(self.tokenizer)
        return trained_tokenizer(self.texts(0, 0, "tokenizer", TOKENIZER_TEXTS), self.vocabulary)

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (self.length,)

    def fingerprint(self) -> str:
        return "" if self.tokenizer is None else self.tokens.digest

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, int32 (seeds, rows, length)."""
        return self._rows(seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, int32 (500, length), the same for all seeds."""
        rows: np.ndarray = self._rows((0,), 0, "test", TEST_ROWS)[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, int32 (seeds, count, length)."""
        return self._rows(seeds, generation, "fresh", count)

    def _rows(self, seeds: Sequence[int], generation: int, purpose: str, count: int) -> np.ndarray:
        return np.stack([self.tokens.encode(self.texts(s, generation, purpose, count), self.length) for s in seeds])

    def texts(self, seed: int, generation: int, purpose: str, count: int) -> list[str]:
        """Texts of one stream; fewer are a prefix of more."""
        write = _story if self.form == "story" else _chat
        draws = stream(seed, generation, "data", "stories", self.form, purpose).random((count, 16))
        return [write(_Draws(row)) for row in draws]


class _Draws:
    """One text's uniforms, used one after another."""

    def __init__(self, uniforms: np.ndarray) -> None:
        self._left = iter(uniforms.tolist())

    def zipf(self, words: Sequence[str]) -> str:
        """A word; the k-th is drawn with a frequency of 1/k."""
        return words[int(np.searchsorted(_shares(len(words)), next(self._left), side="right"))]

    def coin(self) -> bool:
        """True as often as not."""
        return bool(next(self._left) < 0.5)


def _shares(count: int) -> np.ndarray:
    weights = 1 / np.arange(1, count + 1)
    shares: np.ndarray = np.cumsum(weights[:-1]) / weights.sum()
    return shares


def _story(draws: _Draws) -> str:
    name, hero, trait = draws.zipf(NAMES), draws.zipf(HEROES), draws.zipf(TRAITS)
    place, colour, thing = draws.zipf(PLACES), draws.zipf(COLOURS), draws.zipf(THINGS)
    weather, feeling = draws.zipf(WEATHERS), draws.zipf(FEELINGS)
    search, spot, friend = draws.zipf(SEARCHES), draws.zipf(SPOTS), draws.zipf(HEROES)
    met = f"{name} {search} {spot} and met a {friend}. The {friend} had the {colour} {thing}. "
    return (
        f"{name} was a {trait} {hero}. On a {weather} day {name} went to the {place} to find a {colour} {thing}. "
        f"{met if draws.coin() else ''}The {trait} {hero} went home from the {place} and was {feeling}."
    )


def _chat(draws: _Draws) -> str:
    name, trait, hero = draws.zipf(NAMES), draws.zipf(TRAITS), draws.zipf(HEROES)
    place, colour, thing = draws.zipf(PLACES), draws.zipf(COLOURS), draws.zipf(THINGS)
    spot, feeling = draws.zipf(SPOTS), draws.zipf(FEELINGS)
    return (
        f"user: Where did {name} the {hero} lose the {colour} {thing}?\n"
        f"assistant: {name} lost it in the {place}, near {spot}. The {trait} {hero} was {feeling} and "
        f"looked for the {thing} all day."
    )
