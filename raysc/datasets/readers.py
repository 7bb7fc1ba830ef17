"""Readers of users' files: one refusal for every error that a reader raises about a file."""

from collections.abc import Iterator
from contextlib import contextmanager

from raysc.errors import InputError

MAX_FILE_BYTES = 2**28
"""Maximum size in bytes of one encoded image and of one member of an archive after unpacking."""

MAX_REASON = 200
"""Maximum number of characters of a library's message within raysc's message."""

ADVICE_TO_PROGRAMS = "; use sys."
"""Begin of a part of Python's messages that tells programs what to call."""

RUST_PANIC = "PanicException"
"""Class name of the error of Rust libraries (tokenizers), which is no Exception."""


@contextmanager
def reader_errors(source: object, form: str) -> Iterator[None]:
    """Turn every error of a reader into an InputError that names its source.

    Parsers raise errors of many classes about damaged bytes (OSError, ValueError, RecursionError, struct.error,
    zlib.error, ...), and the classes change between versions. An InputError passes unchanged.

    Args:
        source: the file, or an object whose text names the file and the line that is read at the moment.
        form: name of the format.

    Raises:
        InputError: "{source} cannot be read as {form}: {reason}".
    """
    try:
        yield
    except InputError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != RUST_PANIC:
            raise  # an interrupt or the end of the process
        raise InputError(f"{source} cannot be read as {form}: {error_reason(error)}") from error


def error_reason(error: BaseException) -> str:
    """Return the reason of a library's error in one line of printable characters."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    reason = str(error).strip().partition("\n")[0].partition(ADVICE_TO_PROGRAMS)[0]
    return printable(reason, MAX_REASON) or type(error).__name__


def printable(text: str, length: int) -> str:
    """Return the first characters of a text from a file; "?" replaces control characters, which terminals obey."""
    return "".join(character if character.isprintable() else "?" for character in text[:length])
