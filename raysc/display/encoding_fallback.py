"""Output in codings that lack signs, such as Greek letters: the signs are replaced."""

import codecs
import io
from typing import IO
from unicodedata import normalize

UNKNOWN_SIGNS = "raysc.signs"
"""Name of the error handler of codecs that replaces signs which a coding lacks."""

SUBSTITUTES = {
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{DIVISION SIGN}": "/",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{GREEK SMALL LETTER LAMDA}": "lambda",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
}
"""Sign -> its form in ASCII. Other signs that a coding lacks lose their accents, or become a question mark."""


def replace_unknown_signs(*outputs: IO[str] | None) -> None:
    """Make outputs of this process replace the signs that their coding lacks, for the rest of the process."""
    for output in outputs:
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors=UNKNOWN_SIGNS)


class SubstitutingOutput(io.TextIOBase):
    """An output in front of another one, which replaces the signs that the other one's coding lacks."""

    def __init__(self, output: IO[str]) -> None:
        """Wrap an output."""
        self._output = output

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed declares an attribute
        """Return the coding of the output."""
        return _coding(self._output)

    def write(self, text: str) -> int:
        """Write a text."""
        self._output.write(text.encode(self.encoding, UNKNOWN_SIGNS).decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """Flush the output."""
        self._output.flush()

    def isatty(self) -> bool:
        """Return True for a terminal."""
        return self._output.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the output."""
        return self._output.fileno()


def lacks_signs(output: IO[str] | None) -> bool:
    """Return True if the coding of an output lacks signs, and the output does not replace them itself."""
    if output is None or not getattr(output, "encoding", None) or getattr(output, "errors", None) == UNKNOWN_SIGNS:
        return False
    return not _coding(output).startswith("utf")


def _coding(output: IO[str]) -> str:
    """Return the name of the coding of an output."""
    return codecs.lookup(getattr(output, "encoding", None) or "utf-8").name


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Return the substitutes of the signs that cannot be encoded, and the end of these signs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(sign: str) -> str:
    """Return a form of a sign in ASCII."""
    return SUBSTITUTES.get(sign) or normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"


codecs.register_error(UNKNOWN_SIGNS, _substitute)
