"""Durations and sizes as text, and text that is safe to print."""

import textwrap
import unicodedata


def clock(seconds: float) -> str:
    """Format seconds as 42 s, 3 min 05 s or 2 h 10 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def in_bytes(count: float) -> str:
    """Format a number of bytes as 1.2 GB, in powers of 1,000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def is_number(text: str) -> bool:
    """Return True if Python reads a text as a float."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def broken_lines(text: str, width: int) -> str:
    """Break lines between words that are longer than ``width`` characters; their rest has two spaces more of indent.

    A word that is longer stays whole.
    """
    lines = []
    for line in text.split("\n"):
        words = line.lstrip(" ")
        indent = line[: len(line) - len(words)]
        wrapper = textwrap.TextWrapper(width, indent, f"{indent}  ", break_long_words=False, break_on_hyphens=False)
        lines += wrapper.wrap(words) if len(line) > width else [line]
    return "\n".join(lines)


def printable(text: str) -> str:
    r"""Return text that is safe on a terminal: control characters become escapes such as ``\x1b``.

    Line ends and tabs stay. Names in sweep files, stores and plug-ins may hold sequences that move the cursor, change
    the title or hide text, and marks that reverse the direction of writing.
    """
    return "".join(_escape(character) if _is_control(character) else character for character in text)


def _is_control(character: str) -> bool:
    """Return True for control characters, marks of direction and halves of surrogate pairs."""
    # Joiners belong to the spelling of some languages and to emoji.
    return character not in "\n\t\u200c\u200d" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
