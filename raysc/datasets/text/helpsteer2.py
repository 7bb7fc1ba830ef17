"""HelpSteer2, prompts and responses, on which Kazdan et al. 2024 finetune language models."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from raysc.datasets.local_files import absolute_path
from raysc.datasets.text.corpus import Corpus, read_texts
from raysc.datasets.text.tokenized_texts import TokenizedTexts
from raysc.errors import InputError
from raysc.libraries.hub import data_folder

ID = "nvidia/HelpSteer2"
COLUMNS = ("prompt", "response")


@dataclass(frozen=True)
class HelpSteer2(TokenizedTexts):
    r"""NVIDIA's HelpSteer2: a row is a prompt with a response, "user: ...\nassistant: ...", and the end token.

    Held-out rows are the validation split. Kazdan et al. 2024 drop texts of more than 512 tokens, and count Gemma's
    begin token, which is in no row here: ``length: 511`` and ``long: drop`` leave their 12,531 of 20,324 rows.

    Attributes:
        path: a folder with train.jsonl and validation.jsonl (or .jsonl.gz); None: they are downloaded from the hub.
    """

    path: str | None = None

    name: ClassVar[str] = "helpsteer2"
    location_parameters: ClassVar[tuple[str, ...]] = ("path", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "path", absolute_path(self.path))

    def corpus(self) -> Corpus:
        return Corpus.from_texts(self._texts("train"), self._texts("validation"))

    def _texts(self, split: str) -> list[str]:
        names = [f"{split}.jsonl.gz", f"{split}.jsonl"]
        folder = data_folder(ID, "data", names) if self.path is None else Path(self.path)
        file = next((folder / name for name in names if (folder / name).is_file()), None)
        if file is None:
            raise InputError(f"helpsteer2: {folder} has neither {names[0]} nor {names[1]}")
        return read_texts(file, COLUMNS, conversation)


def conversation(record: Mapping[str, Any]) -> str:
    """Return the text of a prompt and its response, in the format of the paper's code."""
    return f"user: {record['prompt']}\nassistant: {record['response']}"
