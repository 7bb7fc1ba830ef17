"""Single values of a sweep: text, whole numbers of 64 bits, finite numbers, booleans and None.

Files and mappings are read by the same rules, so that a value means the same from both.
"""

import math
from typing import Any

MAX_WHOLE = 2**63 - 1
"""Largest whole number: tables, random generators and other programs store 64 bits with a sign."""


def plain_scalar(value: Any) -> Any:
    """Return a value as its plain type: -0.0 becomes 0.0, and a subclass of text or numbers becomes the class itself.

    Args:
        value: str, bool, int, float or None.

    Raises:
        ValueError: the value cannot be stored; the message is the problem, without the location.
    """
    if isinstance(value, str):
        text = str.__str__(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("expected text in Unicode, got half a surrogate pair") from None
        if "\0" in text:
            raise ValueError("expected text without zero bytes")
        return text
    if isinstance(value, int) and not isinstance(value, bool):
        if not -MAX_WHOLE <= value <= MAX_WHOLE:
            raise ValueError(f"expected a whole number below 2^63, got {_short(value)}")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"expected a finite number, got {value}")
        return float(value) + 0.0
    return value


def _short(value: int) -> str:
    """Return a large number as text of modest length."""
    digits = int(value.bit_length() * math.log10(2)) + 1
    return str(value) if digits <= 40 else f"one of about {digits} digits"
