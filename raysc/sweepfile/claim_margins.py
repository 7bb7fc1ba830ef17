"""Reading of the numbers that claims set: a number, or a multiple of the noise of the control."""

from collections.abc import Callable
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.claims import Margin
from raysc.sweepfile.messages import quote


def read_margin(entry: Any, key: str, make_error: Callable[[str, str], InputError]) -> Margin:
    """Return a number, or the number of ``{noise: number}``.

    Args:
        entry: the entry.
        key: its key within the claim.
        make_error: (key within the claim, problem) -> the error to raise.
    """
    noise = isinstance(entry, dict)
    if noise and set(entry) != {"noise"}:
        raise make_error(key, f"expected a number or {{noise: 2}}, got {quote(entry)}")
    number = entry["noise"] if noise else entry
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise make_error(f"{key}.noise" if noise else key, f"expected a number, got {quote(number)}")
    return Margin(float(number), noise)
