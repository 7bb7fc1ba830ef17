"""Versions of packages in a process, and their comparison between the processes of a sweep."""

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("raysc", "ray", "torch", "accelerate", "diffusers", "numpy", "scipy", "scikit-learn", "pyarrow")
"""Packages that every sweep uses."""

TEXT_PACKAGES = ("transformers", "peft", "tokenizers")
"""Packages that sweeps with text use too."""

Versions = Mapping[str, str]
"""Package, or "python" -> version; "none" if it is not installed."""


@cache
def versions(text: bool = False) -> Versions:
    """Return the versions of this process; ``text``: include ``TEXT_PACKAGES``."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES + TEXT_PACKAGES if text else PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            installed[package] = "none"
    return installed


def disagreement(expected: Versions, actual: Versions) -> str:
    """Return the differences, such as "diffusers 0.40.0 instead of 0.42.1"; "" if the versions agree.

    Builds of one version for different devices (``2.13.0+cpu``) agree, and so do patch releases of Python.

    Args:
        expected: versions of the driver; only these packages are compared.
        actual: versions of another process.
    """
    return ", ".join(
        f"{package} {actual.get(package, 'none')} instead of {expected[package]}"
        for package in expected
        if _comparable(package, expected[package]) != _comparable(package, actual.get(package, "none"))
    )


def _comparable(package: str, package_version: str) -> str:
    """Return the part of a version that must be equal."""
    if package == "python":
        return ".".join(package_version.split(".")[:2])
    return package_version.partition("+")[0]
