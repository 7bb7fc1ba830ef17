"""Sizes for people."""


def in_bytes(count: float) -> str:
    """A number of bytes as 1.2 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"
