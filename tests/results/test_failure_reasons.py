import pytest

from raysc.results.failure_reasons import failure_reason, reason_counts

TRACEBACK = """Traceback (most recent call last):
  File "/home/me/.venv/lib/python3.11/site-packages/raysc/execution/measurer.py", line 80, in measure
    values = metric.measure(sets)
  File "/home/me/bad.py", line 19, in measure
    return np.take(rows, 3)
  File "/home/me/.venv/lib/python3.11/site-packages/numpy/core.py", line 5, in take
    raise IndexError
IndexError: index 3 is out of bounds
"""


@pytest.mark.parametrize(
    ("traceback", "reason"),
    [
        (TRACEBACK, "bad.py:19 in measure: IndexError: index 3 is out of bounds"),
        (
            TRACEBACK.replace("/home/me/bad", "/usr/lib/python3.11/bad"),
            "core.py:5 in take: IndexError: index 3 is out of bounds",
        ),
        (
            TRACEBACK.replace("numpy/core.py", "x.py").replace(
                "/home/me/.venv/lib/python3.11/site-packages/x.py", "<string>"
            ),
            "bad.py:19 in measure: IndexError: index 3 is out of bounds",
        ),
        ("Traceback\nMemoryError: too large\n", "MemoryError: too large"),
        (" \n", "empty traceback"),
    ],
)
def test_a_reason_names_the_users_line_and_the_error(traceback: str, reason: str) -> None:
    assert failure_reason(traceback) == reason


def test_reasons_are_counted() -> None:
    assert reason_counts(["a", "b", "b"]) == [("b", 2), ("a", 1)]
