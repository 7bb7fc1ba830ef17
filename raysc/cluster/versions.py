"""Which versions a process runs on, and whether two processes may work on one sweep."""

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("raysc", "ray", "torch", "accelerate", "diffusers", "numpy", "scipy", "scikit-learn", "pyarrow")
OF_TEXT = ("transformers", "peft", "tokenizers")

Versions = Mapping[str, str]
"""Package, or python -> version; "none" if it is not installed."""


@cache
def versions(text: bool = False) -> Versions:
    """Of this process; ``text``: of the libraries of text too."""
    found = {"python": platform.python_version()}
    for package in PACKAGES + OF_TEXT if text else PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def disagreement(here: Versions, there: Versions) -> str:
    """What differs, such as "diffusers 0.40.0 instead of 0.42.1"; empty if nothing does.

    Builds of one version for other devices (``2.13.0+cpu``) agree, and so do Pythons that differ in the last number.
    """
    return ", ".join(
        f"{package} {there.get(package, 'none')} instead of {here[package]}"
        for package in here
        if _essence(package, here[package]) != _essence(package, there.get(package, "none"))
    )


def _essence(package: str, told: str) -> str:
    return ".".join(told.split(".")[:2]) if package == "python" else told.partition("+")[0]
