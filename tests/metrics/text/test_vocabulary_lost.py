from collections.abc import Callable

from raysc.metrics.text.vocabulary_lost import VocabularyLost


def test_it_is_the_share_of_training_tokens_that_no_generated_row_has(value_of: Callable[..., float]) -> None:
    assert value_of(VocabularyLost(), [[1, 9], [2]], [[1, 2, 3, 4]]) == 1 / 2
