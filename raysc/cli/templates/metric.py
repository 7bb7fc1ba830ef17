"""A metric: numbers that say how far the generated rows are from the real ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.plugins import Column, FeatureSets


@dataclass(frozen=True)
class MyMetric:
    """Distance between the means of generated and held-out rows."""

    version: ClassVar[int] = 1
    # "values": the coordinates of points, the pixels of images. "classifier", "inception": features of networks.
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    # Name, direction in which it improves ("lower", "higher" or "near" a target), scale of the damage ("log": a ratio,
    # "linear": a difference), and the real rows that it compares with. Each column is a column of the table.
    columns: ClassVar[tuple[Column, ...]] = (Column("my_metric", "lower", "log", "test"),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        """Return one number per seed for each column.

        ``sets.generated`` and ``sets.train`` have an entry per seed, ``sets.test`` serves all; ``.array`` is (rows,
        dim).
        """
        center = sets.test.array.mean(axis=0)
        distances = [np.linalg.norm(rows.array.mean(axis=0) - center) for rows in sets.generated]
        return {"my_metric": np.array(distances)}
