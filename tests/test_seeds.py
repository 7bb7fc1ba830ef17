"""Seeds by purpose: numbers, texts and short names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysc.seeds import (
    MAX_PURPOSE_SEED,
    PurposeSeeds,
    generation_zero_pack,
    generation_zero_seed,
    join,
    read_seed,
    seed_text,
    split,
    varied_purposes,
)
from raysc.store.spans import pack_name, read_pack

PURPOSE_SEED = st.integers(0, MAX_PURPOSE_SEED)
FOUR = st.builds(PurposeSeeds, PURPOSE_SEED, PURPOSE_SEED, PURPOSE_SEED, PURPOSE_SEED)


@given(FOUR)
def test_four_seeds_are_one_exact_number(seeds: PurposeSeeds) -> None:
    number = join(seeds)
    assert split(number) == seeds
    assert int(float(number)) == number, "tables and figures hold numbers of 64 bits"
    assert read_seed(seed_text(number)) == read_seed(str(number)) == number
    assert (number >= 0) == (len(set(seeds)) == 1), "four equal seeds are a plain seed"


def test_plain_seeds_are_the_same_for_all_purposes() -> None:
    assert split(7) == (7, 7, 7, 7)
    assert (seed_text(7), read_seed("7")) == ("7", 7)
    assert generation_zero_seed(2**62) == 2**62
    assert varied_purposes((0, 1, 2)) == ()
    assert seed_text(join(PurposeSeeds(7, 0, 3, 1))) == "d7i0t3s1"
    for text in ("d7i0t3", "d7i0t3s1-2", "seven"):
        with pytest.raises(ValueError, match="invalid literal"):
            read_seed(text)


def test_replicates_with_equal_data_and_initial_seeds_share_generation_0() -> None:
    seeds = [join(PurposeSeeds(2, 1, train, sample)) for train in range(3) for sample in range(3)]
    assert set(generation_zero_pack(seeds)) == {join(PurposeSeeds(2, 1, 1, 1))}
    assert generation_zero_seed(join(PurposeSeeds(1, 1, 5, 0))) == 1, "it is that of the plain seed 1"
    assert varied_purposes(seeds) == ("train", "sample")


@given(st.lists(st.one_of(FOUR.map(join), st.integers(0, 10**6)), min_size=1, max_size=30, unique=True))
def test_a_pack_is_read_from_its_name(seeds: list[int]) -> None:
    assert read_pack(pack_name(seeds)) == tuple(seeds)


def test_crossed_seeds_have_a_short_name() -> None:
    seeds = [join(PurposeSeeds(data, 0, train, sample)) for data in range(8) for train in (1, 2) for sample in (5, 6)]
    assert pack_name(seeds) == "d0-7i0t1-2s5-6"
    assert read_pack("d0i0t0s0") is None, "the plain seed has the name 0"
    assert read_pack("d0-8999i0-8999t0-8999s1") is None, "it is no name of a pack"
