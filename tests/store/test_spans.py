from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from raysc.store.objects import Objects
from raysc.store.spans import END, Span, chain, pack_name, pack_seeds, published


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True))
def test_names_of_packs_tell_their_seeds(seeds: list[int]) -> None:
    assert pack_seeds(pack_name(seeds)) == tuple(seeds)


def test_names_of_packs_are_short() -> None:
    assert pack_name([0, 1, 2, 7]) == "0-2+7"
    assert pack_name(range(1000)) == "0-999"


def span(first: int, last: int) -> Span:
    return Span(first, last, "key", (0,))


def test_a_chain_has_no_gap_and_takes_the_span_that_reaches_furthest() -> None:
    assert chain([span(1, 1), span(2, 2), span(4, 4)], 1) == [span(1, 1), span(2, 2)]
    assert chain([span(0, 5), span(0, 8)], 0) == [span(0, 8)]
    assert chain([span(2, 2)], 1) == []
    assert chain([span(1, 1), span(2, END)], 1)[-1].last == END


def test_what_is_published_is_read_from_names_alone(tmp_path: Path) -> None:
    objects = Objects.at(str(tmp_path))
    wanted = [span(1, 1), span(2, END), Span(0, 9, "other", (0, 1, 5))]
    for one in wanted:
        objects.put(one.name, b"not read")
    found = published(objects)
    assert found == {"key": {(0,): (span(1, 1), span(2, END))}, "other": {(0, 1, 5): (wanted[2],)}}
    assert published(objects, "other") == {"other": found["other"]}
