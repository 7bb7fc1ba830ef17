"""Generation of texts in batches by transformers' ``generate``, for networks that do not support slots."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from raysc.libraries.optional import text_library
from raysc.models.language.candidates import BLOCK, Candidate, Candidates
from raysc.models.language.networks import FEATURE
from raysc.models.language.token_draws import LogitsWarper, draw_tokens, logits_warpers
from raysc.models.neural.sampling_precision import precision_context
from raysc.pool.tokens import PAD
from raysc.settings import Sample


def generate(network: Any, candidates: Candidates, sample: Sample) -> None:
    """Generate candidates in batches of at most ``BLOCK`` until all rows are complete; see ``sampling.Engine``.

    The prompts of a batch have equal lengths, so that no prompt needs padding.
    """
    while not candidates.finished:
        batches: defaultdict[int, list[Candidate]] = defaultdict(list)
        for candidate in candidates.take(BLOCK):
            batches[len(candidate.prompt)].append(candidate)
        for batch in batches.values():
            candidates.put(batch, _generate(network, batch, candidates, sample))


def _generate(network: Any, batch: Sequence[Candidate], candidates: Candidates, sample: Sample) -> np.ndarray:
    """Return the texts of a batch, int32 (batch, length)."""
    transformers = text_library("transformers", FEATURE)
    device = next(network.parameters()).device
    tokenizer, prompts = candidates.tokenizer, torch.from_numpy(np.stack([candidate.prompt for candidate in batch]))
    begins = torch.full((len(batch), 1), tokenizer.begin)
    input_ids = torch.cat([begins, prompts.long()], dim=1).to(device)
    prompt_length = prompts.shape[1]
    uniforms = torch.from_numpy(np.stack([candidate.uniforms[prompt_length:] for candidate in batch])).to(device)
    generation_config = transformers.GenerationConfig(
        max_new_tokens=candidates.length - prompt_length,
        do_sample=False,
        use_cache=True,
        eos_token_id=tokenizer.end,
        pad_token_id=tokenizer.end,
    )
    with torch.inference_mode(), precision_context(sample.precision, device):
        sequences: Tensor = network.generate(
            input_ids=input_ids,
            attention_mask=torch.ones_like(input_ids),
            generation_config=generation_config,
            logits_processor=transformers.LogitsProcessorList([_UniformSampler(logits_warpers(sample), uniforms)]),
        )
    return _to_rows(sequences[:, 1:].cpu().numpy(), prompt_length, tokenizer.end, candidates.length)


def _to_rows(texts: np.ndarray, prompt_length: int, end: int, length: int) -> np.ndarray:
    """Convert texts to rows: the prompt, new tokens up to the first end token, then ``PAD``."""
    rows = np.full((len(texts), length), PAD, np.int32)
    for row, text in zip(rows, texts, strict=True):
        ends = np.flatnonzero(text[prompt_length:] == end)
        count = prompt_length + ends[0] + 1 if len(ends) else len(text)
        row[:count] = text[:count]
    return rows


class _UniformSampler:
    """Logits processor that draws each token; ``generate`` runs greedily, so the global generator is never used."""

    def __init__(self, warpers: list[LogitsWarper], uniforms: Tensor) -> None:
        """Prepare one sampling run.

        Args:
            warpers: applied to the logits first.
            uniforms: in [0, 1), float64 (count, tokens), one per row and token.
        """
        self._warpers = warpers
        self._uniforms = iter(uniforms.unbind(dim=1))

    def __call__(self, input_ids: Tensor, logits: Tensor) -> Tensor:
        """Return scores (count, vocabulary): 0 for the drawn token, minus infinity for all others."""
        tokens = draw_tokens(input_ids, logits, next(self._uniforms), self._warpers)
        return torch.full_like(logits.float(), -torch.inf).scatter_(1, tokens[:, None], 0.0)
