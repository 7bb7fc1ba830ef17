from hashlib import sha256

import pytest

from raysc.results.supplement.checksums import checksums_text, digest, read_checksums


def test_checksums_are_read_back_in_the_format_of_sha256sum() -> None:
    text = checksums_text({"b c": b"2", "a": b"1"})
    assert text.splitlines()[0] == f"{sha256(b'1').hexdigest()}  a"
    assert read_checksums(text) == {"a": digest([b"1"]), "b c": digest([b"", b"2"])}


@pytest.mark.parametrize("text", ["abc  a\n", f"{'0' * 64} a\n", f"{'0' * 64}  a\n{'1' * 64}  a\n"])
def test_other_lines_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no checksum"):
        read_checksums(text)
