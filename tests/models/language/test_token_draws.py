import numpy as np
import pytest
import torch

from raysc.errors import RayscError
from raysc.models.language.token_draws import draw_tokens, logits_warpers
from raysc.settings import Sample


def draw(sample: Sample, logits: list[float], uniforms: list[float]) -> list[int]:
    input_ids = torch.zeros(len(uniforms), 1, dtype=torch.int64)
    values = torch.tensor(uniforms, dtype=torch.float64)
    tokens: list[int] = draw_tokens(
        input_ids, torch.tensor([logits] * len(uniforms)), values, logits_warpers(sample)
    ).tolist()
    return tokens


def test_a_uniform_selects_its_token_by_cumulative_probability() -> None:
    logits = np.log([0.5, 0.3, 0.15, 0.05]).tolist()
    assert draw(Sample(), logits, [0.0, 0.49, 0.51, 0.79, 0.81, 0.94, 0.96, 1 - 2**-53]) == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
    ]
    assert draw(Sample(top_k=2), logits, [0.62, 0.63, 0.999]) == [0, 1, 1]
    assert draw(Sample(top_p=0.9), logits, [0.5, 0.6, 0.85, 0.999]) == [0, 1, 2, 2]
    # At temperature 1/2 probabilities are squared: 0.25, 0.09, 0.0225, 0.0025 of 0.365.
    assert draw(Sample(temperature=0.5), logits, [0.68, 0.69, 0.93, 0.94, 0.9931, 0.9933]) == [
        0,
        1,
        1,
        2,
        2,
        3,
    ]
    assert draw(Sample(), [-np.inf, 0.0, -np.inf], [0.0, 1 - 2**-53]) == [1, 1]


def test_logits_that_are_not_finite_are_an_error() -> None:
    with pytest.raises(RayscError, match="its logits are not"):
        draw(Sample(), [0.0, np.nan], [0.5])
