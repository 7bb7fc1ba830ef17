from pathlib import Path

from raysc.cli.shipped import SCHEMA
from tests.cli.conftest import RunRaysc


def test_the_schema_is_printed_or_written(raysc: RunRaysc, here: Path) -> None:
    assert raysc("schema").out == SCHEMA.read_text()
    assert raysc("schema", "--out", "schema.json").out == "wrote schema.json\n"
    assert (here / "schema.json").read_text() == SCHEMA.read_text()


def test_a_file_that_cannot_be_written_is_named(raysc: RunRaysc) -> None:
    ran = raysc("schema", "--out", "absent/schema.json")
    assert ran.status == 2
    assert ran.err == "raysc: absent/schema.json: cannot be written: No such file or directory\n"
