"""Import of torchvision with a torch build that it was not linked against.

A torchvision wheel built for CUDA cannot load its operators with a CPU build of torch. Its import then fails, because
two operators have no schema. Without this module, everything that imports torchvision (diffusers' networks, clean-fid)
fails too, although none of it calls those operators.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")
"""Operators that torchvision's import needs."""


@cache
def declare_missing_schemas() -> torch.library.Library | None:
    """Declare torchvision's operators if its own library cannot; call it before the first import of torchvision.

    A matching build needs no declaration. The operators get a signature and no implementation: a call still fails.

    Returns:
        The declarations, kept alive by the cache; None for a matching build.
    """
    if _operators_load():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def _operators_load() -> bool:
    """Load torchvision's operators, as its import does; return True if they work with this torch."""
    spec = find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    for library in Path(spec.submodule_search_locations[0]).glob("_C.*"):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            continue
        return True
    return False
