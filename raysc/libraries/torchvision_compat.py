"""Lets torchvision be imported beside a torch build that it was not linked against.

A torchvision wheel built for CUDA cannot load its operators beside a CPU build of torch, and its import then fails
because two of them have no schema. Everything that imports torchvision (diffusers' networks, clean-fid) fails with
it, although none of it calls those operators.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")
"""The operators that torchvision's import refers to."""


@cache
def declare_missing_schemas() -> torch.library.Library | None:
    """Declare torchvision's operators where its own library cannot; call it before torchvision is first imported.

    Nothing is declared on a build that matches. The operators get a signature and no implementation: calling one
    still fails.

    Returns:
        The declarations, kept alive by the cache; None where none were needed.
    """
    if _own_library_loads():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def _own_library_loads() -> bool:
    """Whether torchvision's operators work with this torch; loads them, as its import does."""
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
