"""Zip files that somebody made to harm their reader are refused before anything is unpacked."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.results.supplement import archive as supplement_archive
from raysc.results.supplement.archive import DamagedMemberError, open_archive, write_archive


def zip_of(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, content in members:
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return member


def refusal(data: bytes, folder: Path) -> str:
    (folder / "supplement.zip").write_bytes(data)
    with pytest.raises(InputError) as error, open_archive(folder / "supplement.zip"):
        pass
    assert [path.name for path in folder.iterdir()] == ["supplement.zip"]
    return str(error.value)


def test_members_are_read_back_and_equal_content_has_equal_bytes(tmp_path: Path) -> None:
    files = {"b/c.txt": b"12" * 1000, "a.txt": b""}
    data = write_archive(files)
    assert data == write_archive(dict(reversed(files.items())))
    (tmp_path / "supplement.zip").write_bytes(data)
    with open_archive(tmp_path / "supplement.zip") as archive:
        assert {name: archive.read(name) for name in archive.names} == files


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a", "a/../../b", "C:/a", "a\\b", "//host/a", "a//b", "./a", "a\nb"]
)
def test_a_name_that_could_leave_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    assert "unsafe name" in refusal(zip_of((name, b"x")), tmp_path)


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    assert "is a link" in refusal(zip_of((link("a"), b"/etc/passwd")), tmp_path)
    assert "is a link" in refusal(zip_of(("folder/", b"")), tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    assert "occurs twice" in refusal(zip_of(("a", b"1"), ("A", b"2")), tmp_path)


def test_huge_members_are_refused_by_what_they_declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplement_archive, "MAX_MEMBER_BYTES", 1000)
    assert "would be 1001 bytes large" in refusal(zip_of(("a", bytes(1001))), tmp_path)
    monkeypatch.setattr(supplement_archive, "MAX_BYTES", 1500)
    assert "bytes in all" in refusal(zip_of(("a", bytes(800)), ("b", bytes(800))), tmp_path)
    monkeypatch.setattr(supplement_archive, "MAX_MEMBERS", 1)
    assert "too large for a supplement" in refusal(zip_of(("a", b""), ("b", b"")), tmp_path)


def test_a_directory_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of(("a", b"x")))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 2**31)
    assert "too large for a supplement" in refusal(bytes(data), tmp_path)


def test_a_member_that_is_larger_than_it_declares_is_damaged(tmp_path: Path) -> None:
    """The declared size bounds what is unpacked."""
    data = bytearray(zip_of(("a", bytes(10_000))))
    directory = data.rfind(b"PK\x01\x02")
    for offset in (directory + 24, 22):  # in the directory, and in front of the member
        struct.pack_into("<I", data, offset, 10)
    (tmp_path / "supplement.zip").write_bytes(data)
    with (
        open_archive(tmp_path / "supplement.zip") as archive,
        pytest.raises(DamagedMemberError, match="a cannot be unpacked"),
    ):
        archive.read("a")


def test_flipped_bytes_are_damage(tmp_path: Path) -> None:
    data = bytearray(write_archive({"a": bytes(range(256)) * 10}))
    data[60] ^= 0xFF
    (tmp_path / "supplement.zip").write_bytes(data)
    with open_archive(tmp_path / "supplement.zip") as archive, pytest.raises(DamagedMemberError):
        archive.read("a")


@pytest.mark.parametrize("data", [b"", b"no zip file", b"PK\x05\x06", write_archive({"a": b"x"})[:-30]])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    assert "zip file" in refusal(data, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"none\.zip: cannot be read: No such file"),
        open_archive(tmp_path / "none.zip"),
    ):
        pass


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of(("a", b"x")))
    directory = data.rfind(b"PK\x01\x02")
    data[directory + 8] |= 1
    assert "encrypted" in refusal(bytes(data), tmp_path)
