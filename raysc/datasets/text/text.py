"""Texts of a user, from files or from a data set on the Hugging Face hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

from raysc.datasets.local_files import absolute_path
from raysc.datasets.text.corpus import ENDINGS, Corpus, files_without, list_files, read_files
from raysc.datasets.text.tokenized_texts import TokenizedTexts
from raysc.errors import InputError
from raysc.libraries.hub import data_folder


@dataclass(frozen=True)
class Text(TokenizedTexts):
    """Texts as rows of tokens, int32 (length,), as in ``raysc.pool.tokens``; empty texts are dropped.

    Attributes:
        path: a .txt file (UTF-8, blank lines between texts), .jsonl, .jsonl.gz or .parquet, or a folder of such files,
            in which hidden files are left out. The path is in no key; the content is.
        hub: id of a data set on the hub, instead of ``path``; files with "train" in their names are read.
        column: the column of JSON Lines or Parquet that holds the text.
        held_out_from: source of the held-out texts: a path, or with ``hub`` a word in the names of their files, such as
            validation. None: ``held_out`` of the training texts are held out. Held-out files and texts are no training
            files and texts, wherever they lie.
        held_out: number of held-out texts where ``held_out_from`` is not set.

    Raises:
        InputError: a parameter is out of its range, or not exactly one of path and hub is set.
    """

    path: str | None = None
    hub: str | None = None
    column: str = "text"
    held_out_from: str | None = None
    held_out: int = 500
    length: int = 128

    name: ClassVar[str] = "text"
    location_parameters: ClassVar[tuple[str, ...]] = ("path", "hub", "held_out_from", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.path is None) == (self.hub is None):
            raise InputError("text: set exactly one of path and hub")
        if self.path is not None:
            object.__setattr__(self, "path", absolute_path(self.path))
            object.__setattr__(self, "held_out_from", absolute_path(self.held_out_from))

    def corpus(self) -> Corpus:
        if self.held_out_from is None:
            texts = self._read(self._files(self.path, "train"), self.path)
            self._check_separated(texts)
            return Corpus.split(texts, self.held_out, "text")
        held_out = self._files(self.held_out_from, self.held_out_from)
        files = files_without(self._files(self.path, "train"), held_out)
        if not files:
            raise InputError("text: held_out_from names all files of the training texts; name other files")
        texts = self._read(files, self.path)
        if len(texts) == 1 and "\n" in texts[0]:
            self._check_separated(texts)
        return Corpus.without_copies(texts, self._read(held_out, self.held_out_from))

    def _check_separated(self, texts: Sequence[str]) -> None:
        """Check that the training texts are more than one: often a .txt file without blank lines."""
        if len(texts) == 1:
            raise InputError(
                f"{self.path or self.hub}: one text; blank lines separate texts in a .txt file (in JSON Lines and "
                "Parquet each record is a text). Data need at least two texts, one of them held out"
            )

    def _files(self, path: str | None, word: str) -> list[Path]:
        """List the files at a path, or with ``hub`` those that have the word in their names."""
        if self.hub is None:
            assert path is not None, "the constructor requires path or hub"
            return list_files(Path(path))
        patterns = [f"*{word}*{ending}" for ending in ENDINGS]
        folder = data_folder(self.hub, "data.hub", patterns)
        return [file for file in list_files(folder) if word in file.relative_to(folder).as_posix()]

    def _read(self, files: Sequence[Path], source: str | None) -> list[str]:
        return read_files(files, (self.column,), itemgetter(self.column), str(source or self.hub))
