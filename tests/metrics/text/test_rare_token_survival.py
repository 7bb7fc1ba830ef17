from collections.abc import Callable

from raysc.metrics.text.rare_token_survival import RareTokenSurvival

# 20 tokens: 2 and 3 are rare, a tenth of them together; 4 is not.
TRAIN = [[1] * 8, [1] * 4, [4] * 6, [2, 3]]


def test_it_is_the_share_of_the_rare_tokens_that_generated_rows_have(value_of: Callable[..., float]) -> None:
    assert value_of(RareTokenSurvival(), [[1, 2], [4, 4]], TRAIN) == 1 / 2
    assert value_of(RareTokenSurvival(), [[3], [2, 9]], TRAIN) == 1
    assert value_of(RareTokenSurvival(), [[1, 4]], TRAIN) == 0
