import numpy as np
import pytest

from raysc.cluster.object_blocks import ObjectBlockStore
from raysc.pool.block_store import digest
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import synthetic


@pytest.mark.usefixtures("running_ray")
def test_rows_are_read_from_the_object_store_without_a_copy() -> None:
    rows = np.arange(24.0).reshape(2, 4, 3)
    block = ObjectBlockStore().put(synthetic(1), (0, 1), 8, rows)
    assert (block.first, block.rows, block.sha256, block.acceptance) == (8, 4, digest(rows), None)
    first, second = block.load(), block.load()
    np.testing.assert_array_equal(first, rows)
    assert not first.flags.writeable
    assert np.shares_memory(first, second)


@pytest.mark.usefixtures("running_ray")
def test_the_acceptance_of_texts_is_kept() -> None:
    rows = np.zeros((1, 2, 3), np.int32)
    block = ObjectBlockStore().put(synthetic(1), (0,), 0, rows, Texts(("a", "b"), 0.5))
    assert block.acceptance == 0.5
