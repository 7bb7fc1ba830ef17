"""Random streams."""

import numpy as np
from scipy import stats

from raysc.rng import Role, Streams, model_seeds, stream
from raysc.seeds import PurposeSeeds, join


def test_iterated_generators_draw_the_same_as_separate_ones() -> None:
    streams = Streams((5, -1, 5, 2**40), 7)
    separate, iterated = streams.generators("sample", 3, "row"), streams.iter_generators("sample", 3, "row")
    for apart, shared in zip(separate, iterated, strict=True):
        np.testing.assert_array_equal(shared.standard_normal(5), apart.standard_normal(5))
        # The unused half of a 64-bit word is not passed on to the next stream.
        assert shared.integers(2**31, dtype=np.uint32) == apart.integers(2**31, dtype=np.uint32)
        np.testing.assert_array_equal(shared.permutation(20), apart.permutation(20))


def test_fast_normals_of_a_seed_do_not_depend_on_the_pack() -> None:
    both = Streams((5, 6), 7).fast_normal((1000, 3), "sample", 2)
    np.testing.assert_array_equal(both[1], Streams((6,), 7).fast_normal((1000, 3), "sample", 2)[0])
    np.testing.assert_array_equal(both[0, :10], Streams((5,), 7).fast_normal((10, 3), "sample", 2)[0])
    assert stats.kstest(both.ravel(), "norm").pvalue > 1e-3
    later = Streams((5,), 8).fast_normal((1000, 3), "sample", 2)
    block = Streams((5,), 7).fast_normal((1000, 3), "sample", 3)
    for other in (both[1], later, block):
        assert abs(np.corrcoef(both[0].ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(3000)


def test_first_numbers_of_neighbouring_addresses_are_independent() -> None:
    """Without warm-up the first numbers are normal and uncorrelated between addresses."""
    first = Streams(tuple(range(20_000)), 0).fast_normal((4,), "sample", 0)
    for column in first.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 4 / np.sqrt(20_000)
    assert np.abs(np.corrcoef(first.T) - np.eye(4)).max() < 4 / np.sqrt(20_000)


def test_models_have_seeds_of_their_own_and_the_first_has_those_of_a_single_one() -> None:
    assert model_seeds((3, 4), 0) == (3, 4)
    seeds = [model_seeds((3, 4), model) for model in range(50)]
    assert len({seed for of_model in seeds for seed in of_model}) == 100
    assert all(0 <= seed < 2**63 for of_model in seeds for seed in of_model)
    assert model_seeds((4,), 7) == seeds[7][1:]


def test_each_draw_has_the_seed_of_its_purpose() -> None:
    number = join(PurposeSeeds(1, 2, 3, 4))
    cases: list[tuple[Role, int, tuple[int | str, ...], int]] = [
        ("data", 0, ("train",), 1),
        ("data", 5, ("fresh",), 1),
        ("subsample", 0, ("real",), 1),
        ("choose", 3, ("real", "redraw", 0), 1),
        ("init", 0, (), 2),
        ("init", 4, (), 2),
        ("train", 0, ("step", 0), 2),
        ("sample", 0, (0,), 2),
        ("train", 1, ("step", 0), 3),
        ("sample", 1, (0,), 4),
        ("subsample", 0, ("synthetic",), 2),
        ("choose", 1, ("synthetic",), 4),
        ("subsample", 2, ("pool",), 4),
        ("read", 2, (), 4),
    ]
    for role, generation, index, seed in cases:
        drawn, plain = (stream(s, generation, role, *index).standard_normal(4) for s in (number, seed))
        np.testing.assert_array_equal(drawn, plain)
        (first,) = Streams((number,), generation).fast_normal((4,), role, *index)
        np.testing.assert_array_equal(first, Streams((seed,), generation).fast_normal((4,), role, *index)[0])


def test_models_share_the_draws_of_their_purposes() -> None:
    of_model, plain = model_seeds((join(PurposeSeeds(1, 2, 3, 4)),), 5), model_seeds((4,), 5)
    drawn, expected = (stream(seed, 1, "sample", 0).standard_normal(4) for (seed,) in (of_model, plain))
    np.testing.assert_array_equal(drawn, expected)


def test_streams_of_plain_seeds_stay_as_they_are() -> None:
    """The first numbers of two streams, as they were before seeds by purpose."""
    assert stream(5, 7, "sample", 3).integers(2**32, size=2).tolist() == [1209668925, 3452418516]
    (normals,) = Streams((5,), 7).fast_normal((2,), "sample", 2)
    np.testing.assert_array_equal(normals, [0.7879330382515429, -0.8329600241286097])
    assert model_seeds((3,), 2) == (342331289165852121,)
