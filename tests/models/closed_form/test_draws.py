import numpy as np
import pytest

from raysc.models.closed_form.chunks import seed_chunks
from raysc.models.closed_form.draws import normals, uniforms
from raysc.rng import Streams

STREAMS = Streams((0, 3), 2)


@pytest.mark.parametrize(("first", "count"), [(0, 7), (0, 8), (3, 20), (16, 8)])
def test_a_draw_depends_on_its_index_alone(first: int, count: int) -> None:
    all_normals, all_uniforms = normals(0, 40, 8, 3, STREAMS), uniforms(0, 40, 8, STREAMS, "row")
    np.testing.assert_array_equal(normals(first, count, 8, 3, STREAMS), all_normals[:, first : first + count])
    np.testing.assert_array_equal(uniforms(first, count, 8, STREAMS, "row"), all_uniforms[:, first : first + count])


def test_blocks_seeds_and_purposes_have_their_own_streams() -> None:
    drawn = uniforms(0, 16, 8, STREAMS, "row")
    assert len(np.unique(drawn)) == drawn.size
    assert not np.array_equal(drawn, uniforms(0, 16, 8, STREAMS, "column"))


def test_chunks_cover_the_seeds_in_order() -> None:
    for values_per_seed in (1, 2**16, 2**20):
        chunks = list(seed_chunks(10, values_per_seed))
        assert [seed for chunk in chunks for seed in range(10)[chunk]] == list(range(10))
    assert list(seed_chunks(10, 2**16)) == [slice(0, 4), slice(4, 8), slice(8, 10)]
