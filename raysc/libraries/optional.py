"""Optional parts of raysc: what to install where one is asked for and is not there."""

import importlib
from types import ModuleType

from raysc.errors import InputError

TEXT = "raysc[text]"


def text_library(name: str, what: str) -> ModuleType:
    """A library that language models need.

    Args:
        name: its module: tokenizers, transformers, peft, ...
        what: who asks for it, for the message.

    Raises:
        InputError: it is not installed; says how to install it.
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
        raise InputError(f"{what} needs {name}, which is not installed; run: pip install '{TEXT}'") from None
