"""Models and data sets from folders or from the Hugging Face hub."""

import re
from pathlib import Path
from typing import Literal

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

from raysc.errors import InputError

ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
SETTINGS = ["*.json", "*.txt", "*.model", "*.jinja"]
"""Name patterns of a language model's configuration and tokenizer."""
WEIGHTS = [*SETTINGS, "*.safetensors"]
"""The same patterns and those of its weights."""


def model_folder(source: str, key: str, patterns: list[str]) -> Path:
    """Return the folder of a model: ``source`` itself, or a downloaded copy from the hub.

    Args:
        source: a folder, or a hub id such as ``google/gemma-2-2b``.
        key: key of the setting, for the message.
        patterns: name patterns of the needed files.

    Raises:
        InputError: there is neither such a folder nor such an id, or the hub is unreachable and there is no copy.
    """
    if Path(source).is_dir():
        return Path(source)
    return _download(source, key, "model", patterns)


def data_folder(identifier: str, key: str, patterns: list[str]) -> Path:
    """Return the folder with a copy of some files of a data set on the hub; InputError as for models."""
    return _download(identifier, key, "dataset", patterns)


def _download(identifier: str, key: str, kind: Literal["model", "dataset"], patterns: list[str]) -> Path:
    if not ID.fullmatch(identifier):
        raise InputError(f"{key}: there is no folder {identifier}, and no {kind} on the hub can have that name")
    try:
        return Path(snapshot_download(identifier, repo_type=kind, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        option = " --repo-type dataset" if kind == "dataset" else ""
        raise InputError(
            f"{key}: {identifier} is no folder, and its download from the Hugging Face hub failed ({reason}). Without "
            f"access to the hub, download it on another machine (hf download {identifier}{option}) and copy the "
            "folder; a gated repository needs `hf auth login` first"
        ) from error
