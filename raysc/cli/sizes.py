"""Sizes for people."""


def in_bytes(count: float) -> str:
    """A number of bytes as 1.2 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def in_time(seconds: float) -> str:
    """A number of seconds as 40 s, 12 min, 3.2 h or 2.5 days."""
    for unit, length, most in (("s", 1, 99), ("min", 60, 99 * 60), ("h", 3600, 72 * 3600)):
        if seconds < most:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds / 86400:,.0f} days"
