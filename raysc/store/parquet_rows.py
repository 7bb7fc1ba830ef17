"""Rows in the store, as Parquet files."""

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from raysc.pool.block_store import digest
from raysc.pool.blocks import Block
from raysc.pool.parquet import decode, encode
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source
from raysc.store.objects import Objects
from raysc.store.publishing import read_verified


@dataclass(frozen=True)
class StoredBlock:
    """Rows in a Parquet file of the store. Every read checks the file's SHA-256.

    Attributes:
        objects: the store.
        name: the file's name in it.
        first: index of its first row in its source.
        rows: rows per seed.
        sha256: digest of the rows' values.
        file_sha256: SHA-256 of the file.
        file_bytes: size of the file.
        acceptance: as in every block; None for a block that was read back, since the records hold it.
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
        """Store and name of the file, which never changes once it is published."""
        return self.objects.uri, self.name

    def load(self) -> np.ndarray:
        """Return the rows, (seeds, rows, *event), read-only.

        Raises:
            DamagedObjectError: the file is missing or was changed. It names the file and not the manifest: once the
                file is in the trash, its rows are sampled again from the model.
        """
        return decode(read_verified(self.objects, self.name, self.file_sha256))


@dataclass(frozen=True)
class ParquetBlockStore:
    """The block store of pool ``parquet``: each rank writes its own rows into an attempt's folder.

    Attributes:
        objects: the store.
        prefix: the attempt's folder.
    """

    objects: Objects
    prefix: str

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Write rows as rows/<generation>/<first>.parquet below the attempt's folder, and return their block."""
        data = encode(rows, source, seeds, first, texts.texts if texts else None)
        name = f"{self.prefix}/rows/{source.generation}/{first:08}.parquet"
        self.objects.put(name, data)
        return StoredBlock(
            self.objects,
            name,
            first,
            rows.shape[1],
            digest(rows),
            sha256(data).hexdigest(),
            len(data),
            texts.acceptance if texts else None,
        )
