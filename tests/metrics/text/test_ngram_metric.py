import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.metrics.core.metric import SHARE, Column
from raysc.metrics.text.copied_ngrams import CopiedNgrams
from raysc.metrics.text.distinct_n import DistinctN
from raysc.metrics.text.ngram_metric import NgramMetric
from raysc.metrics.text.repetition import Repetition
from raysc.settings import Component

METRICS: tuple[tuple[type[NgramMetric], str, int], ...] = (
    (DistinctN, "distinct_n", 2),
    (Repetition, "repetition", 4),
    (CopiedNgrams, "copied_ngrams", 8),
)


@pytest.mark.parametrize(("metric", "name", "default"), METRICS)
def test_a_column_has_n_in_its_name_where_it_is_not_the_default(
    metric: type[NgramMetric], name: str, default: int
) -> None:
    assert [metric(n).columns[0].name for n in (default, 3)] == [name, f"{name}[n=3]"]
    assert registry.build("metric", Component(name=name)) == metric(default)


def test_a_column_keeps_its_direction_scale_and_floor() -> None:
    assert DistinctN(3).columns == (
        Column("distinct_n[n=3]", "higher", "log", "test", "share of n-grams", bounds=SHARE, aspect="variance"),
    )
    assert CopiedNgrams(3).columns == (
        Column("copied_ngrams[n=3]", "lower", "linear", "train", "share of n-grams", bounds=SHARE),
    )


@pytest.mark.parametrize(("metric", "name", "default"), METRICS)
def test_an_n_below_1_is_refused(metric: type[NgramMetric], name: str, default: int) -> None:
    with pytest.raises(InputError, match=f"^{name}: n must be at least 1, not 0$"):
        metric(0)
