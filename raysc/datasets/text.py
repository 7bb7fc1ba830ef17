"""Texts of your own: from files, or from a data set on the Hugging Face hub."""

from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

from raysc.datasets.cache_folder import absolute
from raysc.datasets.text_files import ENDINGS, Corpus, files_of, read_texts
from raysc.datasets.token_rows import TokenRows, split
from raysc.errors import InputError
from raysc.libraries.hub import data_folder


@dataclass(frozen=True)
class Text(TokenRows):
    """Texts as rows of tokens, int32 (length,): see ``raysc.pool.tokens``. Empty texts are left out, long ones cut.

    Attributes:
        path: a file that ends in .txt (UTF-8, blank lines between texts), .jsonl, .jsonl.gz or .parquet, or a folder
            of such files; its content is what counts, not its place.
        hub: instead of ``path``: the id of a data set on the hub; the files whose names hold "train" are read.
        column: of JSON Lines and Parquet: which one is the text.
        held_out_from: held-out texts: a path, or with ``hub`` a word that the names of their files hold, such as
            validation. None: ``held_out`` of the training texts are held out.
        held_out: how many texts are held out where ``held_out_from`` is not set.

    Raises:
        InputError: impossible parameters, or not exactly one of path and hub.
    """

    path: str | None = None
    hub: str | None = None
    column: str = "text"
    held_out_from: str | None = None
    held_out: int = 500
    length: int = 128

    name: ClassVar[str] = "text"
    located: ClassVar[tuple[str, ...]] = ("path", "hub", "held_out_from", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.path is None) == (self.hub is None):
            raise InputError("text: set exactly one of path and hub")
        if self.path is not None:
            object.__setattr__(self, "path", absolute(self.path))
            object.__setattr__(self, "held_out_from", absolute(self.held_out_from))

    def corpus(self) -> Corpus:
        train = self._read(self.path, "train")
        if self.held_out_from is None:
            return split(train, self.held_out, "text")
        return Corpus.of(train, self._read(self.held_out_from, self.held_out_from))

    def _read(self, path: str | None, word: str) -> list[str]:
        if self.hub is None:
            assert path is not None, "one of path and hub is set"
            return read_texts(Path(path), (self.column,), itemgetter(self.column))
        patterns = [f"*{word}*{ending}" for ending in ENDINGS]
        folder = data_folder(self.hub, "data.hub", patterns)
        files = [file for file in files_of(folder) if word in file.relative_to(folder).as_posix()]
        return [text for file in files for text in read_texts(file, (self.column,), itemgetter(self.column))]
