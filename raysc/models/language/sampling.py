"""Sampling text: transformers' generate with its key-value cache, draws from streams, and the rejection rule."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from raysc.errors import RayscError
from raysc.libraries.optional import text_library
from raysc.models.language.networks import WHAT
from raysc.pool.tokens import PAD, Tokenizer
from raysc.rng import Streams
from raysc.settings import Accept, Sample

BLOCK = 64
"""Rows per block, each with streams of its own: what is generated at once."""

ENOUGH = 10
"""A rate is judged once so many candidates would have been accepted at the floor."""


def draw_block(
    network: Any, tokenizer: Tokenizer, length: int, block: int, prompts: np.ndarray | None, sample: Sample,
    streams: Streams,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """The rows of one block.

    Each row is the first accepted one of an endless sequence of candidates. Candidate a of row i of a block is drawn by
    the uniforms of stream ("sample", block, a), token by token.

    Args:
        network: in evaluation mode.
        tokenizer: of the rows.
        length: of a row.
        block: which one.
        prompts: first tokens of the rows, int (BLOCK, any), ``PAD`` behind; None: all are drawn.
        sample: how.
        streams: of one seed.

    Returns:
        rows, int32 (BLOCK, length), and how many candidates were drawn for them.

    Raises:
        RayscError: fewer than the floor are accepted, or logits are not finite.
    """
    rows = np.empty((BLOCK, length), np.int32)
    waiting, tried, attempt = np.arange(BLOCK), 0, 0
    while len(waiting):
        # Few that wait try several times at once: a batch takes as long whether it is full or not.
        tries = 1 if attempt == 0 else BLOCK // len(waiting)
        uniforms = np.stack([_uniforms(streams, block, attempt + k, length)[waiting] for k in range(tries)], axis=1)
        own = None if prompts is None else np.repeat(prompts[waiting], tries, axis=0)
        drawn = _generate(network, tokenizer, length, uniforms.reshape(-1, length), own, sample)
        candidates = drawn.reshape(len(waiting), tries, length)
        good = _accepted(tokenizer, drawn, sample.accept).reshape(len(waiting), tries)
        found, first = good.any(axis=1), good.argmax(axis=1)
        rows[waiting[found]] = candidates[found, first[found]]
        tried += int(np.where(found, first + 1, tries).sum())
        waiting, attempt = waiting[~found], attempt + tries
        if len(waiting) and sample.accept is not None:
            _check_rate(BLOCK - len(waiting), tried, sample.accept, tokenizer.decode(drawn[:1])[0])
    return rows, tried


def _uniforms(streams: Streams, block: int, attempt: int, length: int) -> np.ndarray:
    (generator,) = streams.each("sample", block, attempt)
    drawn: np.ndarray = generator.random((BLOCK, length))
    return drawn


def _accepted(tokenizer: Tokenizer, rows: np.ndarray, rule: Accept | None) -> np.ndarray:
    """Which rows the rule accepts: bool (rows,)."""
    if rule is None:
        return np.ones(len(rows), bool)
    return np.array([accepts(rule, text) for text in tokenizer.decode(rows)])


def accepts(rule: Accept, text: str) -> bool:
    """Whether a text starts as it must and holds what it must, once."""
    return text.startswith(rule.starts) and (not rule.once or text.count(rule.once) == 1)


def _check_rate(accepted: int, tried: int, rule: Accept, example: str) -> None:
    if tried * rule.floor >= ENOUGH and accepted < tried * rule.floor:
        raise RayscError(
            f"sample.accept: of {tried} texts that the model wrote {accepted} were accepted, fewer than the floor of "
            f"{rule.floor:g} allows; the last one begins {example[:60]!r}. Train longer, loosen the rule, or lower "
            "sample.accept.floor"
        )


def _generate(
    network: Any, tokenizer: Tokenizer, length: int, uniforms: np.ndarray, prompts: np.ndarray | None, sample: Sample
) -> np.ndarray:
    """One candidate per row of uniforms (count, length): int32 (count, length)."""
    transformers = text_library("transformers", WHAT)
    device = next(network.parameters()).device
    shown, seen = _shown(len(uniforms), tokenizer.begin, prompts)
    given = shown.shape[1] - 1
    choose = _Chooser(_warpers(sample), torch.from_numpy(uniforms[:, given:]).to(device))
    settings = transformers.GenerationConfig(
        max_new_tokens=length - given,
        do_sample=False,
        use_cache=True,
        eos_token_id=tokenizer.end,
        pad_token_id=tokenizer.end,
    )
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=sample.precision == "bf16"):
        written: Tensor = network.generate(
            input_ids=shown.to(device),
            attention_mask=seen.to(device),
            generation_config=settings,
            logits_processor=transformers.LogitsProcessorList([choose]),
        )
    return _rows(written.cpu().numpy(), shown.shape[1], prompts, tokenizer.end, length)


def _shown(count: int, begin: int, prompts: np.ndarray | None) -> tuple[Tensor, Tensor]:
    """What generation goes on from, and which of it counts: the begin token and prompts, flush right."""
    if prompts is None:
        return torch.full((count, 1), begin), torch.ones((count, 1), dtype=torch.int64)
    lengths = (prompts != PAD).sum(axis=1)
    width = int(lengths.max(initial=0))
    shown = np.full((count, 1 + width), begin, np.int64)
    seen = np.zeros((count, 1 + width), np.int64)
    for row, prompt, mask, own in zip(shown, prompts, seen, lengths, strict=True):
        row[1 + width - own :] = prompt[:own]
        mask[width - own :] = 1
    return torch.from_numpy(shown), torch.from_numpy(seen)


def _rows(written: np.ndarray, shown: int, prompts: np.ndarray | None, end: int, length: int) -> np.ndarray:
    """Generated sequences as rows: the prompt, then new tokens up to the first end token, ``PAD`` after it."""
    rows = np.full((len(written), length), PAD, np.int32)
    for index, new in enumerate(written[:, shown:]):
        ends = np.flatnonzero(new == end)
        kept = new[: ends[0] + 1] if len(ends) else new
        before = prompts[index][prompts[index] != PAD] if prompts is not None else kept[:0]
        tokens = np.concatenate([before, kept])[:length]
        rows[index, : len(tokens)] = tokens
    return rows


def _warpers(sample: Sample) -> list[Callable[[Tensor, Tensor], Tensor]]:
    """What is done to logits: temperature, then top-k, then top-p, as everywhere."""
    transformers = text_library("transformers", WHAT)
    warpers: list[Callable[[Tensor, Tensor], Tensor]] = []
    if sample.temperature != 1:
        warpers.append(transformers.TemperatureLogitsWarper(sample.temperature))
    if sample.top_k is not None:
        warpers.append(transformers.TopKLogitsWarper(sample.top_k))
    if sample.top_p != 1:
        warpers.append(transformers.TopPLogitsWarper(sample.top_p))
    return warpers


class _Chooser:
    """Draws each token by a uniform of its own, and leaves generate nothing else to choose: never the global generator.

    The token is the first whose cumulative probability exceeds the uniform.
    """

    def __init__(self, warpers: list[Callable[[Tensor, Tensor], Tensor]], uniforms: Tensor) -> None:
        """``uniforms``: float64 (count, tokens)."""
        self._warpers = warpers
        self._uniforms = iter(uniforms.unbind(dim=1))

    def __call__(self, written: Tensor, logits: Tensor) -> Tensor:
        """Logits (count, vocabulary) that are 0 for the chosen token and minus infinity for all others."""
        scores = logits.float()
        for warp in self._warpers:
            scores = warp(written, scores)
        cumulative = scores.double().softmax(dim=-1).cumsum(dim=-1)
        if not cumulative[:, -1].isfinite().all():
            raise RayscError(
                "the model's parameters are finite and its logits are not: its weights have grown too large; lower "
                "train.lr or set train.clip"
            )
        target = (next(self._uniforms) * cumulative[:, -1])[:, None]
        chosen = torch.searchsorted(cumulative, target, right=True).clamp(max=logits.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)
