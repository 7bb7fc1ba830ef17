from pathlib import Path

import pytest

from raysc.cluster.tune_results import result_grid
from raysc.errors import RayscError
from raysc.store.objects import Objects


def test_a_store_without_records_of_tune_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RayscError, match=r"sweeps/toy/tune holds no records of Ray Tune: nothing of toy was run"):
        result_grid("toy", Objects.open(str(tmp_path)))
