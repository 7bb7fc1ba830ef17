import numpy as np

from raysc.models.language.batch_generation import _to_rows
from raysc.pool.tokens import PAD


def test_a_text_ends_with_its_first_end_token_after_the_prompt() -> None:
    texts = np.array([[9, 5, 9, 7], [9, 9, 5, 6]])
    assert _to_rows(texts, 1, 9, 5).tolist() == [[9, 5, 9, PAD, PAD], [9, 9, PAD, PAD, PAD]]
    assert _to_rows(texts, 2, 9, 4).tolist() == [[9, 5, 9, PAD], [9, 9, 5, 6]]
