import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.results.supplement.archive import write_archive
from raysc.results.supplement.checksums import CHECKSUMS, checksums_text
from tests.cli.conftest import Arguments, RunRaysc

pytestmark = pytest.mark.slow  # figures are drawn


@pytest.fixture(scope="module")
def members(
    raysc: RunRaysc, gaussian_arguments: Arguments, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The members of a supplement of the finished sweep, without its checksums."""
    file = tmp_path_factory.mktemp("supplement") / "p.zip"
    assert raysc("export", *gaussian_arguments, "--out", str(file)).status == 0
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != CHECKSUMS}


def test_what_was_changed_lost_or_added_is_named(raysc: RunRaysc, members: dict[str, bytes], here: Path) -> None:
    checksums = checksums_text(members).encode()
    changed = {**members, "table.csv": members["table.csv"].replace(b"0", b"1"), "notes.txt": b"", CHECKSUMS: checksums}
    del changed["claims.csv"]
    (here / "q.zip").write_bytes(write_archive(changed))
    ran = raysc("verify", "q.zip")
    assert (ran.status, ran.out) == (1, "")
    assert (
        "q.zip is not as it was written: changed: table.csv; missing: claims.csv; not of the supplement: notes.txt"
        in ran.err
    )


def test_a_table_that_does_not_come_from_the_store_is_noticed(
    raysc: RunRaysc, gaussian_arguments: Arguments, members: dict[str, bytes], here: Path
) -> None:
    table = pd.read_parquet(io.BytesIO(members["table.parquet"]))
    changed = np.where(np.arange(len(table)) == 7, 1.1, 1.0)
    table["feature_variance"] = table["feature_variance"].to_numpy() * changed
    forged = {**members, "table.parquet": table.to_parquet(index=False)}
    (here / "q.zip").write_bytes(write_archive({**forged, CHECKSUMS: checksums_text(forged).encode()}))
    assert raysc("verify", "q.zip").status == 0
    ran = raysc("verify", "q.zip", *gaussian_arguments[1:])
    assert ran.status == 1
    assert "feature_variance differs in 1 of 60 rows, first in cell 0, seed 1, generation 2" in ran.err
    empty = raysc("verify", "q.zip", "--storage", str(here))
    assert empty.status == 1
    assert "the store has no results of this sweep" in empty.err


def test_a_hostile_file_is_unusable_input(raysc: RunRaysc, here: Path) -> None:
    (here / "q.zip").write_bytes(write_archive({"../evil": b"", CHECKSUMS: b""}))
    ran = raysc("verify", "q.zip")
    assert ran.status == 2
    assert "q.zip: refused, nothing was unpacked: member '../evil' has an unsafe name" in ran.err
    assert [path.name for path in here.iterdir()] == ["q.zip"]
    missing = raysc("verify", "none.zip")
    assert missing.status == 2
    assert "none.zip: cannot be read: No such file" in missing.err
