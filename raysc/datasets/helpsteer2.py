"""HelpSteer2: questions and answers, as Kazdan et al. 2024 finetune language models on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from raysc.datasets.cache_folder import absolute
from raysc.datasets.text_files import Corpus, read_texts
from raysc.datasets.token_rows import TokenRows
from raysc.errors import InputError
from raysc.libraries.hub import data_folder

ID = "nvidia/HelpSteer2"
COLUMNS = ("prompt", "response")


@dataclass(frozen=True)
class HelpSteer2(TokenRows):
    r"""NVIDIA's HelpSteer2: each row a prompt with one of its answers, "user: ...\nassistant: ..." and the end token.

    Held-out rows are the real validation split. Rows have 512 tokens in the paper.

    Attributes:
        path: a folder with train.jsonl and validation.jsonl (or .jsonl.gz); None: they are fetched from the hub.
    """

    path: str | None = None

    name: ClassVar[str] = "helpsteer2"
    located: ClassVar[tuple[str, ...]] = ("path", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "path", absolute(self.path))

    def corpus(self) -> Corpus:
        return Corpus.of(self._texts("train"), self._texts("validation"))

    def _texts(self, split: str) -> list[str]:
        names = [f"{split}.jsonl.gz", f"{split}.jsonl"]
        folder = data_folder(ID, "data", names) if self.path is None else Path(self.path)
        file = next((folder / name for name in names if (folder / name).is_file()), None)
        if file is None:
            raise InputError(f"helpsteer2: {folder} has neither {names[0]} nor {names[1]}")
        return read_texts(file, COLUMNS, conversation)


def conversation(record: Mapping[str, Any]) -> str:
    """The text of a prompt and its answer, as the paper's code puts them together."""
    return f"user: {record['prompt']}\nassistant: {record['response']}"
