import pytest

from raysc.datasets.readers import reader_errors
from raysc.errors import InputError


class PanicException(BaseException):
    """Stand-in for the error of a Rust library."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("wrong\nsecond line"), "wrong"),
        (KeyError(), "KeyError"),
        (RecursionError("maximum recursion depth exceeded"), "it is nested too deeply"),
        (ValueError("\x1b[31m" + "x" * 500), "?[31m" + "x" * 195),
        (
            ValueError("it has 5000 digits; use sys.set_int_max_str_digits() to increase the limit"),
            "it has 5000 digits",
        ),
        (PanicException("index out of bounds"), "index out of bounds"),
    ],
)
def test_every_error_of_a_reader_becomes_one_line_with_its_source(error: BaseException, reason: str) -> None:
    with pytest.raises(InputError) as refusal, reader_errors("a.csv, line 3", "CSV"):
        raise error
    assert str(refusal.value) == f"a.csv, line 3 cannot be read as CSV: {reason}"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), InputError("as it is")])
def test_interrupts_and_refusals_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as passed, reader_errors("a.csv", "CSV"):
        raise error
    assert passed.value is error
