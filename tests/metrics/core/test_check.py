import pytest

from raysc.datasets.digits import Digits
from raysc.datasets.gaussian import Gaussian
from raysc.errors import InputError
from raysc.metrics.core.check import check_metrics
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.distances.kid import Kid
from raysc.metrics.diversity.exact_duplicates import ExactDuplicates
from raysc.metrics.neighbours.precision import Precision


class UnlabelledImages(Digits):
    labelled = False


@pytest.mark.parametrize(
    ("metrics", "dataset", "rows", "message"),
    [
        ([Kid(features="pixels")], Gaussian(), 50, r"kid\[pixels\]: the data are points, which have no pixels"),
        ([Kid(features="classifier")], Gaussian(), 50, "the data are points, which have no classifier"),
        (
            [Kid(features="coordinates")],
            Digits(),
            50,
            "kid: the data are images, which have no coordinates; .*classifier",
        ),
        ([Kid()], UnlabelledImages(), 50, "kid: classifier features need labels .* set features: inception or pixels"),
        ([Precision(k=50)], Gaussian(rows=100), 50, r"precision\[k=50\] needs at least 51 generated rows, .* 50"),
        ([Precision(k=7)], Gaussian(rows=7), 500, "at least 8 training rows, and there are 7"),
        ([Precision(k=360)], Digits(), 1000, "at least 361 held-out rows, and there are 360"),
        ([FrechetDistance()], Gaussian(), 1, "frechet_distance needs at least 2 generated rows"),
        ([Kid(), Kid(features="classifier")], Digits(), 9, "kid is asked for twice"),
    ],
)
def test_what_cannot_be_measured_is_refused(metrics, dataset, rows, message):
    with pytest.raises(InputError, match=message):
        check_metrics(metrics, dataset, None, rows)


def test_what_can_be_measured_passes():
    check_metrics([Kid(), Kid(features="pixels"), ExactDuplicates(), Precision(k=8)], Digits(rows=9), None, 9)
    check_metrics([Kid(features="coordinates"), ExactDuplicates()], Gaussian(), None, 10)
    check_metrics([Kid(features="pixels"), ExactDuplicates()], UnlabelledImages(), None, 10)
