"""The place of a store: folders and URIs."""

from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.store.locations import store_uri
from raysc.store.objects import Objects


@pytest.mark.parametrize("name", ["plain", "a b#c%20d?e", "ü漢", "x%41", "a:b", "s3:", "100%"])
def test_every_name_of_a_folder_works(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    objects = Objects.open(f"./{name}")
    objects.put("folder/object", b"bytes")
    assert objects.folder == tmp_path.resolve() / name
    assert (tmp_path / name / "folder/object").read_bytes() == b"bytes"
    assert list(objects.names()) == ["folder/object"]
    assert Objects.open(objects.uri) == objects == Objects.open(tmp_path / name)


@pytest.mark.parametrize(
    ("location", "uri"),
    [
        ("s3://bucket/folder/", "s3://bucket/folder"),
        ("S3://bucket", "s3://bucket"),
        ("gs://bucket/v1.2/a_b-c", "gs://bucket/v1.2/a_b-c"),
        ("az://container/x=1", "az://container/x=1"),
        ("file:///tmp/a%20b", "file:///tmp/a%20b"),
    ],
)
def test_a_uri_has_one_form(location: str, uri: str) -> None:
    assert store_uri(location) == uri


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("s3:/bucket/x", "expected s3://BUCKET/FOLDER, with two slashes"),
        ("s3:bucket", "with two slashes"),
        ("s3://", "an empty text is no name of a bucket"),
        ("s3://a b/x", "a b is no name of a bucket"),
        ("s3://bucket/a b", "different objects"),
        ("s3://bucket/a#b", "different objects"),
        ("s3://bucket/a?b", "different objects"),
        ("s3://bucket/a%20b", "different objects"),
        ("s3://bucket/a//b", "different objects"),
        ("s3://bucket/../b", "different objects"),
        ("file:folder", "three slashes"),
        ("file://folder/x", "three slashes"),
        ("file:///tmp/a#b", r"\? and # end the path"),
        ("ftp://host/x", "ftp:// is not supported"),
        ("~nosuchuser/store", "~nosuchuser is no home folder"),
        ("x" * 300, "more than 255 bytes"),
        ("", "empty text"),
    ],
)
def test_a_place_where_no_store_can_be_is_refused(location: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"^storage .*: .*{problem}") as caught:
        store_uri(location)
    assert "\n" not in str(caught.value)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for location in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(InputError, match="file is a file; give another place with --storage"):
            store_uri(location)
