import numpy as np
import pytest
import torch

from raysc.datasets.dataset import LabelledRows
from raysc.datasets.images.digits import Digits
from raysc.metrics.core.classifier import LR, Classifier, _Adamw, train_classifier


def test_it_classifies_held_out_digits(classifier: Classifier) -> None:
    labelled = Digits().labelled_test()
    logits = classifier.network[-1](torch.from_numpy(classifier.features(labelled.rows)).float())
    accuracy = np.mean(logits.argmax(dim=1).numpy() == labelled.labels)
    assert accuracy >= 0.98
    assert classifier.accuracy == accuracy


def test_features_have_their_shape_type_and_range(classifier: Classifier) -> None:
    rows = Digits(rows=9).train([0, 1])
    features = classifier.features(rows)
    assert features.shape == (2, 9, 64)
    assert features.dtype == np.float64
    assert features.min() == 0
    np.testing.assert_allclose(features[1, 4], classifier.features(rows[1, 4]), rtol=1e-4, atol=1e-5)


def test_files_give_the_same_features_bit_for_bit(classifier: Classifier) -> None:
    files = classifier.to_files()
    assert set(files) == {"classifier.safetensors", "classifier.json"}
    again = Classifier.from_files(files)
    assert again.accuracy == classifier.accuracy
    rows = Digits().test()
    np.testing.assert_array_equal(again.features(rows), classifier.features(rows))


def small_split() -> tuple[LabelledRows, LabelledRows]:
    train, test = Digits().labelled_train(), Digits().labelled_test()
    return LabelledRows(train.rows[:128], train.labels[:128]), LabelledRows(test.rows[:50], test.labels[:50])


def test_training_again_gives_the_same_files_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    first = train_classifier(*small_split()).to_files()
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    second = train_classifier(*small_split()).to_files()
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_optimiser_has_the_values_of_torch_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    networks = [torch.nn.Linear(5, 3) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    update = _Adamw(networks[0], steps=7)
    optimizer = torch.optim.AdamW(networks[1].parameters(), lr=LR, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 7)
    for _ in range(7):
        gradients = [torch.randn(value.shape, generator=generator) for value in update.parameters]
        for parameter, gradient in zip(networks[1].parameters(), gradients, strict=True):
            parameter.grad = gradient.clone()
        update(gradients)
        optimizer.step()
        schedule.step()
        for value, expected in zip(update.parameters, networks[1].parameters(), strict=True):
            assert torch.equal(value, expected)


@pytest.mark.parametrize("count", [1, 129, 257, 513])
def test_parts_of_a_block_change_no_bit(classifier: Classifier, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(count).integers(0, 256, (count, 1, 8, 8), np.uint8)
    features = classifier.features(rows)
    monkeypatch.setattr("raysc.metrics.core.classifier.PART", 512)
    assert np.array_equal(features, classifier.features(rows))


def test_rows_of_another_shape_are_refused(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match=r"trained on rows of shape \(1, 8, 8\)"):
        classifier.features(np.zeros((5, 1, 16, 16), np.uint8))
