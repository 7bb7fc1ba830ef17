from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysc.datasets.text.tinystories import TinyStories
from raysc.errors import InputError


def write_split(folder: Path, split: str, count: int) -> None:
    pq.write_table(pa.table({"text": [f"{split} story {i}" for i in range(count)]}), folder / f"{split}-0.parquet")


def test_rows_are_stories_of_the_two_splits(tmp_path: Path) -> None:
    write_split(tmp_path, "train", 3)
    write_split(tmp_path, "validation", 2)
    data = TinyStories(path=str(tmp_path), vocabulary=300, length=40)
    assert data.tokens.decode(data.train((0,))[0]) == [f"train story {i}" for i in range(3)]
    assert data.tokens.decode(data.test()) == ["validation story 0", "validation story 1"]


def test_a_folder_without_a_split_is_refused(tmp_path: Path) -> None:
    write_split(tmp_path, "train", 3)
    with pytest.raises(InputError, match="no Parquet file whose name begins with validation"):
        TinyStories(path=str(tmp_path)).corpus()
