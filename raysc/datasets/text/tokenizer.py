"""Tokenizers of text data: trained on training texts, or loaded from a model's folder or hub id."""

from collections.abc import Callable, Sequence
from pathlib import Path

from raysc.datasets.readers import reader_errors
from raysc.datasets.text.long_words import cut_long_words, has_long_words
from raysc.errors import InputError
from raysc.libraries.hub import SETTINGS, model_folder
from raysc.libraries.interruptible import call_interruptibly
from raysc.libraries.optional import text_library
from raysc.machine.content_cache import content_cache
from raysc.pool.tokens import Tokenizer

END = "<|end|>"
"""The end token of trained tokenizers, and of loaded ones without an end token."""

MAX_SPARSITY = 100
"""Highest id of a token over the number of tokens."""
BYTES = 256
"""Number of byte tokens in every trained tokenizer; with them no text is out of vocabulary."""


def check_token_settings(name: str, length: int, vocabulary: int) -> None:
    """Check the sizes of rows and vocabulary of the data set ``name``.

    Raises:
        InputError: a size is too small.
    """
    if length < 2:
        raise InputError(f"{name}: length must be at least 2 tokens, not {length}")
    if vocabulary <= BYTES:
        raise InputError(f"{name}: vocabulary must be more than the {BYTES} bytes, not {vocabulary}")


def load_or_train_tokenizer(source: str | None, texts: Callable[[], Sequence[str]], vocabulary: int) -> Tokenizer:
    """Load the tokenizer of a model, or train one where no model is given.

    Args:
        source: folder or hub id of the model; None: a tokenizer is trained.
        texts: gives the training texts of the tokenizer.
        vocabulary: maximum number of tokens of a trained tokenizer.
    """
    return train_tokenizer(texts(), vocabulary) if source is None else load_tokenizer(source)


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE tokenizer, as GPT-2's, of at most ``vocabulary`` tokens.

    It has fewer tokens where the texts have too few pairs of tokens that occur twice. Words of more than
    ``long_words.MAX_WORD`` characters are cut before training.
    """
    tokenizers = text_library("tokenizers", "text")
    library = tokenizers.Tokenizer(tokenizers.models.BPE())
    library.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[END],
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    parts = cut_long_words(texts, library.pre_tokenizer)
    call_interruptibly(lambda: library.train_from_iterator(parts, trainer))
    end = library.token_to_id(END)
    return Tokenizer(library.to_str(), end, end, library.get_vocab_size())


def trains_on_long_words(texts: Sequence[str]) -> bool:
    """Return True if ``train_tokenizer`` cuts words of the texts."""
    return has_long_words(texts, text_library("tokenizers", "text").pre_tokenizers.ByteLevel(add_prefix_space=False))


def holds_tokenizer(folder: Path) -> bool:
    """Return True if a model's folder holds a tokenizer in any format."""
    return any(any(folder.glob(pattern)) for pattern in ("*token*", "*vocab*", "*.model"))


@content_cache
def load_tokenizer(source: str) -> Tokenizer:
    """Load the tokenizer of a model's folder or hub id.

    A tokenizer without an end token gets ``<|end|>``; the embedding of the model must be enlarged for it, as
    ``causal_lm`` does. A tokenizer without a begin token uses its end token, as GPT-2's does.

    Raises:
        InputError: there is no tokenizer, or the tokenizers library cannot run it.
    """
    transformers = text_library("transformers", "a model's tokenizer")
    folder = model_folder(source, "data.tokenizer", SETTINGS)
    if not holds_tokenizer(folder):  # transformers would make an empty one
        raise InputError(f"data.tokenizer: {source} is a model without a tokenizer; use the one it was trained with")
    with reader_errors(f"data.tokenizer: {source}", "a tokenizer"):
        pretrained = transformers.AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        library = pretrained.backend_tokenizer
        library.no_padding()  # rows have a length and a padding of their own
        library.no_truncation()
    ids = library.get_vocab().values()
    if max(ids, default=0) >= MAX_SPARSITY * len(ids):  # the library would fill the gaps, up to 4 billion of them
        raise InputError(f"data.tokenizer: {source} has {len(ids)} tokens and the id {max(ids)}; it is damaged")
    end, begin = pretrained.eos_token_id, pretrained.bos_token_id
    if end is None:
        library.add_special_tokens([END])
        end = library.token_to_id(END)
    stored = library.to_str()
    with reader_errors(f"data.tokenizer: {source}", "a tokenizer"):  # it can be inconsistent and yet be loaded
        text_library("tokenizers", "text").Tokenizer.from_str(stored)
    size = max(library.get_vocab().values()) + 1  # ids may have gaps
    return Tokenizer(stored, end if begin is None else begin, end, size)
