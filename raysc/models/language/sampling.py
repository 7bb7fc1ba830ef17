"""Sampling of text: transformers' generate with its key-value cache, tokens drawn from streams."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from raysc.errors import RayscError
from raysc.libraries.optional import text_library
from raysc.models.language.networks import FEATURE
from raysc.models.language.rejection import check_rate, judge
from raysc.pool.tokens import PAD, Tokenizer
from raysc.rng import Streams
from raysc.settings import Sample

BLOCK = 64
"""Rows per block, generated as one batch; each block has its own streams."""

LogitsWarper = Callable[[Tensor, Tensor], Tensor]
"""(input_ids, scores) -> scores, as in transformers."""


def draw_block(
    network: Any, tokenizer: Tokenizer, length: int, block: int, prompts: np.ndarray | None, sample: Sample,
    streams: Streams,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """Sample the rows of a block.

    Each row is the first accepted candidate of an endless sequence. The tokens of candidate a of a block's row i are
    drawn with the i-th uniforms of stream ("sample", block, a).

    Args:
        network: in evaluation mode.
        tokenizer: of the rows.
        length: of a row.
        block: number of the block.
        prompts: first tokens of the rows, int (BLOCK, prompt length), padded with ``PAD``; None: no prompts.
        sample: sampling settings.
        streams: of one seed.

    Returns:
        rows, int32 (BLOCK, length), and the number of candidates drawn.

    Raises:
        RayscError: the acceptance rate is below the floor, or logits are not finite.
    """
    rows = np.empty((BLOCK, length), np.int32)
    pending, total, attempt = np.arange(BLOCK), 0, 0
    while len(pending):
        # A few pending rows try several candidates at once: a batch takes as long full as not.
        tries = 1 if attempt == 0 else BLOCK // len(pending)
        uniforms = np.stack([_uniforms(streams, block, attempt + k, length)[pending] for k in range(tries)], axis=1)
        pending_prompts = None if prompts is None else np.repeat(prompts[pending], tries, axis=0)
        candidates = _generate(network, tokenizer, length, uniforms.reshape(-1, length), pending_prompts, sample)
        candidates, accepted = judge(tokenizer, candidates, sample)
        accepted = accepted.reshape(len(pending), tries)
        success, first = accepted.any(axis=1), accepted.argmax(axis=1)
        rows[pending[success]] = candidates.reshape(len(pending), tries, length)[success, first[success]]
        total += int(np.where(success, first + 1, tries).sum())
        pending, attempt = pending[~success], attempt + tries
        if len(pending) and sample.accept is not None:
            check_rate(BLOCK - len(pending), total, sample.accept, tokenizer.decode(candidates[:1])[0])
    return rows, total


def _uniforms(streams: Streams, block: int, attempt: int, length: int) -> np.ndarray:
    """Draw the uniforms of one candidate of each row of a block, float64 (BLOCK, length)."""
    (generator,) = streams.generators("sample", block, attempt)
    uniforms: np.ndarray = generator.random((BLOCK, length))
    return uniforms


def _generate(
    network: Any, tokenizer: Tokenizer, length: int, uniforms: np.ndarray, prompts: np.ndarray | None, sample: Sample
) -> np.ndarray:
    """Generate one candidate per row of uniforms (count, length): int32 (count, length)."""
    transformers = text_library("transformers", FEATURE)
    device = next(network.parameters()).device
    input_ids, attention_mask = _generation_inputs(len(uniforms), tokenizer.begin, prompts)
    prompt_length = input_ids.shape[1] - 1
    processor = _UniformSampler(_logits_warpers(sample), torch.from_numpy(uniforms[:, prompt_length:]).to(device))
    generation_config = transformers.GenerationConfig(
        max_new_tokens=length - prompt_length,
        do_sample=False,
        use_cache=True,
        eos_token_id=tokenizer.end,
        pad_token_id=tokenizer.end,
    )
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=sample.precision == "bf16"):
        sequences: Tensor = network.generate(
            input_ids=input_ids.to(device),
            attention_mask=attention_mask.to(device),
            generation_config=generation_config,
            logits_processor=transformers.LogitsProcessorList([processor]),
        )
    return _to_rows(sequences.cpu().numpy(), input_ids.shape[1], prompts, tokenizer.end, length)


def _generation_inputs(count: int, begin: int, prompts: np.ndarray | None) -> tuple[Tensor, Tensor]:
    """Return input_ids and attention_mask, int64 (count, 1 + prompt length): begin token and prompt, padded left."""
    if prompts is None:
        return torch.full((count, 1), begin), torch.ones((count, 1), dtype=torch.int64)
    lengths = (prompts != PAD).sum(axis=1)
    width = int(lengths.max(initial=0))
    input_ids = np.full((count, 1 + width), begin, np.int64)
    attention_mask = np.zeros((count, 1 + width), np.int64)
    for ids, prompt, mask, prompt_length in zip(input_ids, prompts, attention_mask, lengths, strict=True):
        ids[1 + width - prompt_length :] = prompt[:prompt_length]
        mask[width - prompt_length :] = 1
    return torch.from_numpy(input_ids), torch.from_numpy(attention_mask)


def _to_rows(sequences: np.ndarray, input_length: int, prompts: np.ndarray | None, end: int, length: int) -> np.ndarray:
    """Convert generated sequences to rows: the prompt, new tokens up to the first end token, then ``PAD``."""
    rows = np.full((len(sequences), length), PAD, np.int32)
    for index, new in enumerate(sequences[:, input_length:]):
        ends = np.flatnonzero(new == end)
        text = new[: ends[0] + 1] if len(ends) else new
        prompt = prompts[index][prompts[index] != PAD] if prompts is not None else text[:0]
        tokens = np.concatenate([prompt, text])[:length]
        rows[index, : len(tokens)] = tokens
    return rows


def _logits_warpers(sample: Sample) -> list[LogitsWarper]:
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


class _UniformSampler:
    """Logits processor that draws each token by inverse transform sampling with a given uniform.

    The token is the first whose cumulative probability exceeds the uniform. ``generate`` runs greedily, so the global
    generator is never used.
    """

    def __init__(self, warpers: list[LogitsWarper], uniforms: Tensor) -> None:
        """Prepare one sampling run.

        Args:
            warpers: applied to the logits first.
            uniforms: in [0, 1), float64 (count, tokens), one per row and token.
        """
        self._warpers = warpers
        self._uniforms = iter(uniforms.unbind(dim=1))

    def __call__(self, input_ids: Tensor, logits: Tensor) -> Tensor:
        """Return scores (count, vocabulary): 0 for the drawn token, minus infinity for all others.

        Raises:
            RayscError: the logits are not finite.
        """
        scores = logits.float()
        for warper in self._warpers:
            scores = warper(input_ids, scores)
        cumulative = scores.double().softmax(dim=-1).cumsum(dim=-1)
        if not cumulative[:, -1].isfinite().all():
            raise RayscError(
                "the model's parameters are finite, but its logits are not: its weights have grown too large; lower "
                "train.lr or set train.clip"
            )
        target = (next(self._uniforms) * cumulative[:, -1])[:, None]
        token = torch.searchsorted(cumulative, target, right=True).clamp(max=logits.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(1, token, 0.0)
