"""Draws of tokens: warped logits, and inverse transform sampling with given uniforms."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from raysc.errors import RayscError
from raysc.libraries.optional import text_library
from raysc.models.language.networks import FEATURE
from raysc.settings import Sample

LogitsWarper = Callable[[Tensor, Tensor], Tensor]
"""(input_ids, scores) -> scores, as in transformers."""


def logits_warpers(sample: Sample) -> list[LogitsWarper]:
    """Return transformers' warpers in their usual order: temperature, top-k, top-p."""
    transformers = text_library("transformers", FEATURE)
    warpers: list[LogitsWarper] = []
    if sample.temperature != 1:
        warpers.append(transformers.TemperatureLogitsWarper(sample.temperature))
    if sample.top_k is not None:
        warpers.append(transformers.TopKLogitsWarper(sample.top_k))
    if sample.top_p != 1:
        warpers.append(transformers.TopPLogitsWarper(sample.top_p))
    return warpers


def draw_tokens(input_ids: Tensor, logits: Tensor, uniforms: Tensor, warpers: Sequence[LogitsWarper]) -> Tensor:
    """Draw a token per row: the first whose cumulative probability exceeds the row's uniform.

    Args:
        input_ids: the tokens before, int64 (count, tokens), which the warpers take and do not read.
        logits: (count, vocabulary).
        uniforms: in [0, 1), float64 (count,).
        warpers: applied to the logits first.

    Returns:
        int64 (count,).

    Raises:
        RayscError: the logits are not finite.
    """
    scores = logits.float()
    for warper in warpers:
        scores = warper(input_ids, scores)
    cumulative = scores.double().softmax(dim=-1).cumsum(dim=-1)
    if not cumulative[:, -1].isfinite().all():
        raise RayscError(
            "the model's parameters are finite, but its logits are not: its weights have grown too large; lower "
            "train.lr or set train.clip"
        )
    target = (uniforms * cumulative[:, -1])[:, None]
    return torch.searchsorted(cumulative, target, right=True).clamp(max=logits.shape[1] - 1)[:, 0]
