import pytest

from raysc.datasets.dataset import DataSet
from raysc.datasets.images.digits import Digits
from raysc.datasets.points.categories import Categories
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.linear import Linear
from raysc.datasets.points.moons import Moons
from raysc.datasets.text.stories import Stories
from raysc.errors import InputError
from raysc.metrics.across_models.model_diversity import ModelDiversity
from raysc.metrics.closed_form.entropy import Entropy
from raysc.metrics.closed_form.nll import Nll
from raysc.metrics.closed_form.test_error import TestError as PredictionError
from raysc.metrics.closed_form.trace_ratio import TraceRatio
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.metric import AcrossMetric, Metric, ModelMetric
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.distances.kid import Kid
from raysc.metrics.diversity.exact_duplicates import ExactDuplicates
from raysc.metrics.modes.off_mode_mass import OffModeMass
from raysc.metrics.neighbours.precision import Precision
from raysc.metrics.text.cross_entropy import CrossEntropy
from raysc.metrics.text.distinct_n import DistinctN
from raysc.models.closed_form import gaussian, kde
from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.linear_regression import LinearRegression
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.language.causal_lm import CausalLm


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
        ([Kid(), Kid(features="classifier")], Digits(), 9, "kid is listed twice"),
    ],
)
def test_metrics_that_do_not_go_with_the_data_are_refused(
    metrics: list[Metric], dataset: DataSet, rows: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_metrics(metrics, dataset, None, rows)


def test_metrics_that_go_with_the_data_pass() -> None:
    check_metrics([Kid(), Kid(features="pixels"), ExactDuplicates(), Precision(k=8)], Digits(rows=9), None, 9)
    check_metrics([Kid(features="coordinates"), ExactDuplicates()], Gaussian(), None, 10)
    check_metrics([Kid(features="pixels"), ExactDuplicates()], UnlabelledImages(), None, 10)


@pytest.mark.parametrize(
    ("metric", "dataset", "family", "message"),
    [
        (Nll(), Gaussian(), FlowMatching(), "nll needs a model with log_prob, which FlowMatching does not have"),
        (TraceRatio(), Digits(), gaussian.Gaussian(), "needs a data set with moments, which Digits does not have"),
        (
            Entropy(),
            Gaussian(),
            gaussian.Gaussian(),
            "entropy needs a model with proportions, which Gaussian does not have",
        ),
        (
            PredictionError(),
            Gaussian(),
            LinearRegression(),
            "test_error needs a data set with target, which Gaussian does not have",
        ),
        (OffModeMass(), Moons(), None, "off_mode_mass needs a data set with modes, which Moons does not have"),
        (DistinctN(), Digits(), None, "have no tokens"),
        (CrossEntropy(), Digits(), None, "needs a data set with tokens"),
        (FrechetDistance(), Stories(rows=40), None, "frechet_distance compares numbers, and the data are text"),
        (ModelDiversity(), Stories(rows=40), None, "model_diversity compares numbers, and the data are text"),
    ],
)
def test_metrics_without_their_requirements_are_refused(
    metric: Metric | ModelMetric | AcrossMetric, dataset: DataSet, family: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_metrics([metric], dataset, family, 40)


def test_metrics_with_their_requirements_pass() -> None:
    check_metrics([Entropy(), Nll()], Categories(), Discrete(), 1)
    check_metrics([PredictionError(), Nll()], Linear(), LinearRegression(), 1)
    check_metrics([TraceRatio(), Nll()], Gaussian(), kde.Kde("scott"), 1)
    check_metrics([OffModeMass()], EightGaussians(), None, 100)
    text = Stories(rows=40)
    check_metrics([DistinctN(), CrossEntropy()], text, CausalLm().for_data(text), 40)
