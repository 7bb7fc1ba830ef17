"""raysc: sweeps of self-consuming generative training loops on Ray."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raysc.api import Results, load, plan, sweep
    from raysc.errors import InputError, RayscError
    from raysc.results.samples.generations import StoredGeneration

__version__ = "0.1.0"
__all__ = ["InputError", "RayscError", "Results", "StoredGeneration", "__version__", "load", "plan", "sweep"]

_PLACES = {
    "StoredGeneration": "raysc.results.samples.generations",
    "InputError": "raysc.errors",
    "RayscError": "raysc.errors",
    "Results": "raysc.api",
    "load": "raysc.api",
    "plan": "raysc.api",
    "sweep": "raysc.api",
}
"""Public name -> its module, which is imported when the name is first used: ``import raysc`` stays instant."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'raysc' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
