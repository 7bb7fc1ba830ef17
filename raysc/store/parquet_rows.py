"""Rows that lie in the store as Parquet."""

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from raysc.pool.parquet import decode, encode
from raysc.pool.rows import Block
from raysc.pool.shelf import digest
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source
from raysc.store.objects import Objects
from raysc.store.publishing import checked


@dataclass(frozen=True)
class StoredBlock:
    """Rows in a Parquet file of the store; every read is checked.

    Attributes:
        objects: the store.
        name: the file's name in it.
        first: index of its first row in its source.
        rows: rows per seed.
        sha256: digest of the rows' values.
        file_sha256: SHA-256 of the file.
        file_bytes: its size.
        acceptance: as of every block; None once it was read back, since it is in the records then.
    """

    objects: Objects
    name: str
    first: int
    rows: int
    sha256: str
    file_sha256: str
    file_bytes: int
    acceptance: float | None = None

    @property
    def key(self) -> Hashable:
        """The file: published files never change."""
        return self.objects.uri, self.name

    def load(self) -> np.ndarray:
        """The rows, (seeds, rows, *event), read-only; Damaged if the file is gone or was changed.

        What Damaged names is the file alone: once it is set aside, its rows are drawn again from the model.
        """
        return decode(checked(self.objects, self.name, self.file_sha256, self.name))


@dataclass(frozen=True)
class ParquetShelf:
    """The shelf of pool ``parquet``: each rank writes its rows into an attempt's folder by itself.

    Attributes:
        objects: the store.
        prefix: the attempt's folder.
    """

    objects: Objects
    prefix: str

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Write rows as rows/<generation>/<first>.parquet."""
        data = encode(rows, source, seeds, first, texts.texts if texts else None)
        name = f"{self.prefix}/rows/{source.generation}/{first:08}.parquet"
        self.objects.put(name, data)
        told = digest(rows), sha256(data).hexdigest(), len(data)
        return StoredBlock(self.objects, name, first, rows.shape[1], *told, texts.acceptance if texts else None)
