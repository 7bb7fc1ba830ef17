from collections.abc import Callable

from raysc.metrics.text.rare_token_survival import RareTokenSurvival

# 20 tokens: 2 and 3 are rare, a tenth of them together; 4 is not.
TRAIN = [[1] * 8, [1] * 4, [4] * 6, [2, 3]]


def test_it_is_the_share_of_the_rare_tokens_that_generated_rows_have(value_of: Callable[..., float]) -> None:
    assert value_of(RareTokenSurvival(), [[1, 2], [4, 4]], TRAIN) == 1 / 2
    assert value_of(RareTokenSurvival(), [[3], [2, 9]], TRAIN) == 1
    assert value_of(RareTokenSurvival(), [[1, 4]], TRAIN) == 0


def test_of_equally_rare_tokens_the_first_ids_are_rare_ones_and_one_token_is_its_tail(
    value_of: Callable[..., float],
) -> None:
    train = [list(range(5)), list(range(5, 10))]  # a tenth of ten tokens: the first
    assert value_of(RareTokenSurvival(), [[0]], train) == 1
    assert value_of(RareTokenSurvival(), [[1, 9]], train) == 0
    assert value_of(RareTokenSurvival(), [[7]], [[7, 7], [7]]) == 1
