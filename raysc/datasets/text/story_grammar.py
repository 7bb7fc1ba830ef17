"""Grammar of the ``stories`` data set: word lists, and stories and conversations drawn from them.

The grammar was written for raysc. The frequencies of the words follow Zipf's law, so that each list has rare words to
lose. A story keeps its hero, place and thing, so that there is more to learn than single words.
"""

from collections.abc import Sequence

import numpy as np

UNIFORMS = 16
"""Number of uniform random numbers that one text takes at most."""


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


class Draws:
    """Random choices of one text, from its uniform random numbers in their order.

    Args:
        uniforms: float64 (``UNIFORMS``,) in [0, 1).
    """

    def __init__(self, uniforms: np.ndarray) -> None:
        self._uniforms = iter(uniforms.tolist())

    def zipf(self, words: Sequence[str]) -> str:
        """Draw a word; the probability of the k-th word is proportional to 1/k."""
        return words[int(np.searchsorted(_zipf_quantiles(len(words)), next(self._uniforms), side="right"))]

    def coin(self) -> bool:
        """Draw True or False, equally likely."""
        return bool(next(self._uniforms) < 0.5)


def _zipf_quantiles(count: int) -> np.ndarray:
    """Return the cumulative probabilities of all words but the last, float64 (count - 1,)."""
    weights = 1 / np.arange(1, count + 1)
    quantiles: np.ndarray = np.cumsum(weights[:-1]) / weights.sum()
    return quantiles


def write_story(draws: Draws) -> str:
    """Return a story of three to five short sentences."""
    name, hero, trait = draws.zipf(NAMES), draws.zipf(HEROES), draws.zipf(TRAITS)
    place, colour, thing = draws.zipf(PLACES), draws.zipf(COLOURS), draws.zipf(THINGS)
    weather, feeling = draws.zipf(WEATHERS), draws.zipf(FEELINGS)
    search, spot, friend = draws.zipf(SEARCHES), draws.zipf(SPOTS), draws.zipf(HEROES)
    meeting = f"{name} {search} {spot} and met a {friend}. The {friend} had the {colour} {thing}. "
    return (
        f"{name} was a {trait} {hero}. On a {weather} day {name} went to the {place} to find a {colour} {thing}. "
        f"{meeting if draws.coin() else ''}The {trait} {hero} went home from the {place} and was {feeling}."
    )


def write_chat(draws: Draws) -> str:
    """Return a question about a story and its answer."""
    name, trait, hero = draws.zipf(NAMES), draws.zipf(TRAITS), draws.zipf(HEROES)
    place, colour, thing = draws.zipf(PLACES), draws.zipf(COLOURS), draws.zipf(THINGS)
    spot, feeling = draws.zipf(SPOTS), draws.zipf(FEELINGS)
    return (
        f"user: Where did {name} the {hero} lose the {colour} {thing}?\n"
        f"assistant: {name} lost it in the {place}, near {spot}. The {trait} {hero} was {feeling} and "
        f"looked for the {thing} all day."
    )
