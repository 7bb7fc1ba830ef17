"""Rows as Parquet."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from raysc.pool.parquet import decode, encode
from raysc.regimes.recipe import synthetic
from raysc.rng import stream

ARRAYS: dict[str, np.ndarray] = {
    "images": stream(0, 0, "data").integers(0, 256, (1, 7, 3, 4, 5), dtype=np.uint8),
    "points for networks": stream(0, 0, "data").standard_normal((2, 5, 3), dtype=np.float32),
    "points": stream(0, 0, "data").standard_normal((3, 4, 1)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_rows_come_back_bit_for_bit(kind: str) -> None:
    array = ARRAYS[kind]
    back = decode(encode(array, synthetic(4), tuple(range(len(array)))))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_infinite_and_missing_values_come_back_too() -> None:
    array = np.array([[[np.nan, np.inf], [-np.inf, -0.0]]])
    np.testing.assert_array_equal(decode(encode(array, synthetic(0), (0,))), array)


def test_lineage_stands_beside_the_rows() -> None:
    table = pq.read_table(io.BytesIO(encode(ARRAYS["points"], synthetic(4), (5, 6, 9), first=256))).to_pydict()
    assert table["seed"] == [5] * 4 + [6] * 4 + [9] * 4
    assert table["index"] == [256, 257, 258, 259] * 3
    assert set(table["generation"]) == {4}
    assert set(table["source"]) == {"synthetic"}
