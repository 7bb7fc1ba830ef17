"""Optional libraries of raysc, with a hint to install a missing one."""

import importlib
from types import ModuleType

from raysc.errors import InputError

TEXT = "raysc[text]"


def text_library(name: str, feature: str) -> ModuleType:
    """Return a library that language models need.

    Args:
        name: its module: tokenizers, transformers, peft, ...
        feature: the feature that needs it, for the message.

    Raises:
        InputError: the library is not installed; the message has the command to install it.
    """
    if name in ("transformers", "peft"):
        from raysc.libraries.torchvision_compat import (
            declare_missing_schemas,  # imports torch, which a plan can do without
        )

        declare_missing_schemas()
    try:
        library = importlib.import_module(name)
        if name == "transformers":
            library.utils.logging.disable_progress_bar()
        return library
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise InputError(f"{feature} needs {name}, which is not installed; run: pip install '{TEXT}'") from None
