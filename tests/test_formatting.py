import pytest

from raysc.formatting import broken_lines, is_number, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mix, lambda 0.5\n\tÜ é 漢 👩\u200d🔬", "mix, lambda 0.5\n\tÜ é 漢 👩\u200d🔬"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("holds\rfails", "holds\\rfails"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(("text", "expected"), [("1e-3", True), (" -inf ", True), ("", False), ("1,5", False)])
def test_numbers_are_texts_that_float_reads(text: str, expected: bool) -> None:
    assert is_number(text) is expected


def test_long_lines_are_broken_between_words_below_their_indent() -> None:
    text = "holds\n    a ratio of two values, well-known\n\n    unbreakably_long_words"
    assert broken_lines(text, 18).split("\n") == [
        "holds",
        "    a ratio of two",
        "      values,",
        "      well-known",
        "",
        "    unbreakably_long_words",
    ]
