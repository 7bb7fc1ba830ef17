"""Generation of texts in the slots of one static key-value cache.

Each slot generates one text, a token a step. A text that is complete leaves its slot and the next candidate takes it
(continuous batching, Yu et al. 2022, OSDI). The number of slots is fixed and every slot keeps its own position, so the
bits of a text do not depend on the texts beside it, nor on the moment when it starts.
"""

from typing import Any

import torch
from torch import Tensor

from raysc.models.language.batches import pad_rows
from raysc.models.language.candidates import Candidate, Candidates
from raysc.models.language.token_draws import draw_tokens, logits_warpers
from raysc.models.language.transformers_compat import new_slot_cache
from raysc.models.neural.gpu import on_gpu
from raysc.models.neural.sampling_precision import precision_context
from raysc.pool.tokens import PAD
from raysc.settings import Sample

MAX_SLOTS = {"cpu": 256, "cuda": 2048}
"""Slots by type of device, if they fit in memory. More make a step of a small network hardly faster per text."""
MIN_SLOTS = 8
CPU_BYTES = 2**31
"""Memory of the slots on a CPU: a constant, since a number that depends on the free memory would change bits."""
GPU_SHARE = 0.5
"""Part of a GPU's free memory for the slots."""
DRAW_BYTES = 32
"""Bytes per token of the vocabulary for drawing a token: logits and probabilities, some of them float64."""
TEST_POSITIONS = 3
"""Tokens of the test of ``supports_slots``."""
ROUNDING = 0.01
"""Largest difference of log probabilities by rounding."""


def generate(network: Any, candidates: Candidates, sample: Sample) -> None:
    """Generate candidates until all rows are complete.

    Args:
        network: in evaluation mode; one that ``supports_slots``.
        candidates: of one seed.
        sample: sampling settings.

    Raises:
        RayscError: the acceptance rate is below the floor, or logits are not finite.
    """
    slots = Slots(network, candidates, sample)
    with torch.inference_mode(), precision_context(sample.precision, slots.device):
        while not candidates.finished:
            slots.fill()
            slots.step()
            slots.empty()


def slot_count(config: Any, length: int, device: torch.device) -> int:
    """Return the number of slots that memory allows, a power of two from ``MIN_SLOTS`` to ``MAX_SLOTS``.

    Args:
        config: the network's configuration of transformers.
        length: tokens of a row.
        device: of the network.
    """
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    slot_bytes = 2 * 4 * config.num_hidden_layers * heads * head_size * length + DRAW_BYTES * config.vocab_size
    budget = int(GPU_SHARE * torch.cuda.mem_get_info(device)[0]) if on_gpu(device) else CPU_BYTES
    slots = int(min(MAX_SLOTS["cuda" if on_gpu(device) else "cpu"], budget // slot_bytes))
    return max(MIN_SLOTS, 1 << max(0, slots.bit_length() - 1))


class Slots:
    """The texts that are being generated, one per slot.

    Attributes:
        device: of the network.
    """

    def __init__(self, network: Any, candidates: Candidates, sample: Sample) -> None:
        """Allocate the slots; see ``generate``."""
        self._network, self._candidates, self._warpers = network, candidates, logits_warpers(sample)
        self.device, length = next(network.parameters()).device, candidates.length
        count = slot_count(network.config, length, self.device)
        self._texts: list[Candidate | None] = [None] * count
        self._positions = torch.zeros(count, dtype=torch.int64, device=self.device)
        self._inputs = torch.full((count,), candidates.tokenizer.begin, device=self.device)
        self._prompts = torch.full((count, length), PAD, device=self.device)
        self._tokens = torch.full((count, length), PAD, device=self.device)
        self._uniforms = torch.zeros((count, length), dtype=torch.float64, device=self.device)
        self._numbers = torch.arange(count, device=self.device)
        self._decoder = Decoder(network, self._positions, length)

    def fill(self) -> None:
        """Let the next candidates take the free slots."""
        free = [slot for slot, text in enumerate(self._texts) if text is None]
        candidates = self._candidates.take(len(free)) if free else []
        if not candidates:
            return
        slots = torch.tensor(free[: len(candidates)], device=self.device)
        prompts = torch.full((len(candidates), self._candidates.length), PAD)
        for slot, candidate, prompt in zip(free, candidates, prompts, strict=False):
            self._texts[slot] = candidate
            prompt[: len(candidate.prompt)] = torch.from_numpy(candidate.prompt)
        uniforms = torch.stack([torch.from_numpy(candidate.uniforms) for candidate in candidates])
        self._prompts[slots] = prompts.to(self.device)
        self._uniforms[slots] = uniforms.to(self.device)
        self._tokens[slots] = PAD
        self._positions[slots] = 0
        self._inputs[slots] = self._candidates.tokenizer.begin

    def step(self) -> None:
        """Append a token to every text: the prompt's, or a draw."""
        logits = self._decoder(self._inputs)
        place = self._numbers, self._positions
        tokens = draw_tokens(self._inputs[:, None], logits, self._uniforms[place], self._warpers)
        prompted = self._prompts[place]
        self._inputs.copy_(torch.where(prompted == PAD, tokens, prompted))
        self._tokens[place] = self._inputs
        self._positions += 1

    def empty(self) -> None:
        """Return the texts that are complete and free their slots."""
        length, end = self._candidates.length, self._candidates.tokenizer.end
        complete = ((self._inputs == end) | (self._positions == length)).nonzero()[:, 0]
        slots = [slot for slot in complete.tolist() if self._texts[slot] is not None]
        self._positions[complete] = 0  # idle slots too: a position stays below the length
        if slots:
            texts = self._tokens[torch.tensor(slots, device=self.device)].cpu().numpy().astype("int32")
            candidates = [text for slot in slots if (text := self._texts[slot]) is not None]
            for slot in slots:
                self._texts[slot] = None
            self._candidates.put(candidates, texts)


class Decoder:
    """A network with the key-value cache of all slots."""

    def __init__(self, network: Any, positions: Tensor, length: int) -> None:
        """Start with an empty cache.

        Args:
            network: in evaluation mode.
            positions: position of each slot's input in its text, int64 (slots,); read at every call.
            length: largest number of positions.
        """
        self._network, self._positions = network, positions
        self._cache = new_slot_cache(positions, length)
        self._columns = torch.arange(length, device=positions.device)
        self._mask_value = torch.finfo(torch.float32).min

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the logits of the next tokens, (slots, vocabulary), of input tokens, int64 (slots,)."""
        later = self._columns > self._positions[:, None]
        mask = torch.zeros(later.shape, device=later.device).masked_fill_(later, self._mask_value)
        output = self._network(
            input_ids=inputs[:, None],
            position_ids=self._positions[:, None],
            attention_mask=mask[:, None, None],
            past_key_values=self._cache,
            use_cache=True,
        )
        logits: Tensor = output.logits[:, -1]
        return logits


@torch.inference_mode()
def supports_slots(network: Any, length: int) -> bool:
    """Test whether a network generates in slots at different positions as it does from whole rows.

    Networks without a plain key-value cache do not, and windows of attention are not built into the mask.

    Raises:
        torch.OutOfMemoryError: the device has no room for the test. This says nothing about the network.
    """
    window = getattr(network.config, "sliding_window", None)
    if window is not None and window < length:
        return False
    device = next(network.parameters()).device
    rows = torch.arange(2 * TEST_POSITIONS).reshape(2, TEST_POSITIONS) % network.config.vocab_size
    batch = pad_rows(rows.numpy().astype("int32"), 0).to(device)
    expected = network(input_ids=batch.input_ids).logits.log_softmax(dim=-1)
    positions = torch.zeros(2, dtype=torch.int64, device=device)
    try:
        decoder = Decoder(network, positions, TEST_POSITIONS)
        for step in range(2 * TEST_POSITIONS):
            # The second slot begins anew one step after the first.
            positions.copy_(torch.tensor([step, step - 1]).clamp(min=0) % TEST_POSITIONS)
            inputs = batch.input_ids[torch.arange(2, device=device), positions]
            actual = decoder(inputs).log_softmax(dim=-1)
            difference = (actual - expected[torch.arange(2, device=device), positions]).abs().max()
            if not difference <= ROUNDING:
                return False
    except torch.OutOfMemoryError:
        raise  # a RuntimeError, too
    except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False  # classes of caches and forward passes differ from network to network
    return True
