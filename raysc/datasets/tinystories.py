"""TinyStories: short stories in a small child's words, as Kazdan et al. 2024 pretrain language models on them."""

from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

from raysc.datasets.cache_folder import absolute
from raysc.datasets.text_files import Corpus, files_of, read_texts
from raysc.datasets.token_rows import TokenRows
from raysc.errors import InputError
from raysc.libraries.hub import data_folder

ID = "roneneldan/TinyStories"


@dataclass(frozen=True)
class TinyStories(TokenRows):
    """TinyStories (Eldan and Li 2023): a row is a story and the end token; held-out rows are its validation split.

    Attributes:
        path: a folder with Parquet files whose names begin with train and validation; None: they are fetched from the
            hub.
    """

    path: str | None = None

    name: ClassVar[str] = "tinystories"
    located: ClassVar[tuple[str, ...]] = ("path", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "path", absolute(self.path))

    def corpus(self) -> Corpus:
        return Corpus.of(self._texts("train"), self._texts("validation"))

    def _texts(self, split: str) -> list[str]:
        folder = data_folder(ID, "data", [f"data/{split}-*.parquet"]) if self.path is None else Path(self.path)
        files = [file for file in files_of(folder) if file.name.startswith(split) and file.suffix == ".parquet"]
        if not files:
            raise InputError(f"tinystories: {folder} has no Parquet file whose name begins with {split}")
        return [text for file in files for text in read_texts(file, ("text",), itemgetter("text"))]
