import numpy as np
import pytest

from raysc.datasets.images.digits import Digits
from raysc.datasets.points.gaussian import Gaussian
from raysc.metrics.core import features
from raysc.metrics.core.features import extractor_key, extractor_name, feature_dim, plain_values


@pytest.mark.parametrize(
    ("features", "kind", "name"),
    [
        (None, "images", "classifier"),
        (None, "points", "coordinates"),
        ("values", "images", "pixels"),
        ("values", "points", "coordinates"),
        ("pixels", "images", "pixels"),
    ],
)
def test_features_select_an_extractor_by_the_kind_of_data(features: str | None, kind: str, name: str) -> None:
    assert extractor_name(features, kind) == name


def test_pixels_are_flat_and_within_0_and_1() -> None:
    rows = np.arange(2 * 3 * 1 * 2 * 2, dtype=np.uint8).reshape(2, 3, 1, 2, 2) * 10
    values = plain_values(rows, 3)
    assert values.shape == (2, 3, 4)
    np.testing.assert_allclose(values[1, 2], rows[1, 2].ravel() / 255)


def test_coordinates_are_unchanged() -> None:
    rows = np.array([[[1e9, -0.25]]], dtype=np.float32)
    assert plain_values(rows, 1).dtype == np.float64
    np.testing.assert_array_equal(plain_values(rows, 1), rows)


def test_the_classifiers_key_is_that_of_the_full_labelled_rows() -> None:
    key = extractor_key("classifier", Digits())
    assert key == "classifier-1-a637306d834c5ee9faec4f32ddef462d"
    assert extractor_key("classifier", Digits(rows=100)) == key


def test_the_number_of_features_is_the_networks_or_that_of_the_values() -> None:
    assert [feature_dim(name, (3, 32, 32)) for name in ("classifier", "inception", "pixels")] == [64, 2048, 3072]


def test_plain_values_need_no_data_in_their_key() -> None:
    assert extractor_key("pixels", Digits()) == "pixels-1"
    assert extractor_key("coordinates", Gaussian()) == "coordinates-1"


def test_data_without_classes_have_no_classifier() -> None:
    with pytest.raises(TypeError, match="Gaussian has no classes"):
        extractor_key("classifier", Gaussian())


def test_a_network_of_equal_files_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def load(name: str, files: object) -> object:
        made.append(name)
        return object()

    monkeypatch.setattr(features, "_load_extractor", load)
    loaded: features.LoadedExtractors = {}
    first, second, third = (
        features.load_extractors({"classifier": {"weights": content}}, loaded) for content in (b"a", b"a", b"b")
    )
    assert first["classifier"] is second["classifier"]
    assert third["classifier"] is not first["classifier"]
    assert made == ["classifier"] * 2
