"""Tokenizers of text data: trained on the data's own training texts, or read from a model's folder or hub id."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from raysc.errors import InputError
from raysc.libraries.hub import SETTINGS, model_folder
from raysc.libraries.optional import text_library
from raysc.pool.tokens import Tokenizer

END = "<|end|>"
"""The end token of trained tokenizers, and of those that have none of their own."""

BYTES = 256
"""Tokens that every trained tokenizer has: one a byte, so that no text is out of vocabulary."""


def trained_tokenizer(texts: Sequence[str], vocabulary: int) -> Tokenizer:
    """A byte-level BPE tokenizer (as GPT-2's) of at most ``vocabulary`` tokens, trained on some texts.

    Fewer tokens come out where the texts do not have so many pairs of bytes that appear twice.
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
    library.train_from_iterator(texts, trainer)
    end = library.token_to_id(END)
    return Tokenizer(library.to_str(), end, end, library.get_vocab_size())


def has_tokenizer(folder: Path) -> bool:
    """Whether a model's folder holds a tokenizer, in whatever format."""
    return any(any(folder.glob(pattern)) for pattern in ("*token*", "*vocab*", "*.model"))


@lru_cache(maxsize=4)
def model_tokenizer(source: str) -> Tokenizer:
    """The tokenizer of a model's folder or hub id.

    One without an end token gets ``<|end|>``, for which a model must find room (``causal_lm`` does). One without a
    token for the beginning begins with the end token, as GPT-2's does.

    Raises:
        InputError: there is none, or none that the tokenizers library can run.
    """
    transformers = text_library("transformers", "a model's tokenizer")
    folder = model_folder(source, "data.tokenizer", SETTINGS)
    if not has_tokenizer(folder):  # transformers would make an empty one
        raise InputError(f"data.tokenizer: {source} is a model without a tokenizer; take the one it was trained with")
    try:
        theirs = transformers.AutoTokenizer.from_pretrained(str(folder))
        library = theirs.backend_tokenizer
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"tokenizer {source}: there is none that can be read: {error}") from error
    end, begin = theirs.eos_token_id, theirs.bos_token_id
    if end is None:
        library.add_special_tokens([END])
        end = library.token_to_id(END)
    return Tokenizer(library.to_str(), end if begin is None else begin, end, library.get_vocab_size())
