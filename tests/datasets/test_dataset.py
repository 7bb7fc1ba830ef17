import pytest

from raysc import registry
from raysc.datasets import DATASETS


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_registered_with_its_kind(name: str) -> None:
    assert registry.load("data", name).kind in ("images", "points", "text")
