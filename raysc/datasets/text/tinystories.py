"""TinyStories, short stories in a child's vocabulary, on which Kazdan et al. 2024 pretrain language models."""

from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

from raysc.datasets.local_files import absolute_path
from raysc.datasets.text.corpus import Corpus, list_files, read_texts
from raysc.datasets.text.tokenized_texts import TokenizedTexts
from raysc.errors import InputError
from raysc.libraries.hub import data_folder

ID = "roneneldan/TinyStories"


@dataclass(frozen=True)
class TinyStories(TokenizedTexts):
    """TinyStories (Eldan and Li 2023): a row is a story and the end token; held-out rows are its validation split.

    Attributes:
        path: a folder with Parquet files whose names begin with train and validation; None: they are downloaded from
            the hub.
    """

    path: str | None = None

    name: ClassVar[str] = "tinystories"
    location_parameters: ClassVar[tuple[str, ...]] = ("path", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "path", absolute_path(self.path))

    def corpus(self) -> Corpus:
        return Corpus.from_texts(self._texts("train"), self._texts("validation"))

    def _texts(self, split: str) -> list[str]:
        folder = data_folder(ID, "data", [f"data/{split}-*.parquet"]) if self.path is None else Path(self.path)
        files = [file for file in list_files(folder) if file.name.startswith(split) and file.suffix == ".parquet"]
        if not files:
            raise InputError(f"tinystories: {folder} has no Parquet file whose name begins with {split}")
        return [text for file in files for text in read_texts(file, ("text",), itemgetter("text"))]
