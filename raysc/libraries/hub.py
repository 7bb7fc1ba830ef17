"""Folders on disk and repositories of the Hugging Face hub: either is given where the other is."""

import re
from pathlib import Path
from typing import Literal

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

from raysc.errors import InputError

ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
SETTINGS = ["*.json", "*.txt", "*.model", "*.jinja"]
"""Files of a language model: its configuration and tokenizer, ..."""
WEIGHTS = [*SETTINGS, "*.safetensors"]
"""... and with its weights."""


def model_folder(source: str, key: str, patterns: list[str]) -> Path:
    """The folder of a model: ``source`` itself, or a copy of what the hub has under that id.

    Args:
        source: a folder, or a hub id such as ``google/gemma-2-2b``.
        key: of the setting, for the message.
        patterns: of the names of those files that are needed.

    Raises:
        InputError: there is neither such a folder nor such an id, or no way to the hub and no copy from before.
    """
    if Path(source).is_dir():
        return Path(source)
    return _downloaded(source, key, "model", patterns)


def data_folder(identifier: str, key: str, patterns: list[str]) -> Path:
    """A copy of some files of a data set on the hub; InputError as for models."""
    return _downloaded(identifier, key, "dataset", patterns)


def _downloaded(identifier: str, key: str, kind: Literal["model", "dataset"], patterns: list[str]) -> Path:
    if not ID.fullmatch(identifier):
        raise InputError(f"{key}: there is no folder {identifier}, and no {kind} on the hub can have that name")
    try:
        return Path(snapshot_download(identifier, repo_type=kind, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        told = str(error).strip().partition("\n")[0]
        option = " --repo-type dataset" if kind == "dataset" else ""
        raise InputError(
            f"{key}: {identifier} is no folder here, and the Hugging Face hub did not give it ({told}). Without a way "
            f"to the hub, fetch it where there is one (hf download {identifier}{option})"
            " and copy the folder here; a gated one needs `hf auth login` first"
        ) from error
