from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from raysc.store.objects import Objects
from raysc.store.spans import (
    END,
    NO_UNTIL,
    Span,
    chain,
    pack_name,
    pack_seeds,
    published_chain,
    published_spans,
    valid_spans,
)


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True))
def test_a_pack_is_read_from_its_name(seeds: list[int]) -> None:
    assert pack_seeds(pack_name(seeds)) == tuple(seeds)


def test_names_of_packs_are_short() -> None:
    assert pack_name([0, 1, 2, 7]) == "0-2+7"
    assert pack_name(range(1000)) == "0-999"


def span(first: int, last: int) -> Span:
    return Span(first, last, "key", (0,))


def test_a_chain_has_no_gap_and_prefers_the_span_with_the_highest_last_generation() -> None:
    assert chain([span(1, 1), span(2, 2), span(4, 4)], 1) == [span(1, 1), span(2, 2)]
    assert chain([span(0, 5), span(0, 8)], 0) == [span(0, 8)]
    assert chain([span(2, 2)], 1) == []
    assert chain([span(1, 1), span(2, END)], 1)[-1].last == END


def test_published_spans_are_read_from_names_alone(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    spans = [span(1, 1), span(2, END), Span(0, 9, "other", (0, 1, 5))]
    for published in spans:
        objects.put(published.name, b"not read")
    index = published_spans(objects)
    assert index == {"key": {(0,): (span(1, 1), span(2, END))}, "other": {(0, 1, 5): (spans[2],)}}
    assert published_spans(objects, "other") == {"other": index["other"]}


def test_a_span_with_until_is_valid_for_its_rule_only() -> None:
    spans = [Span(0, 5, "key", (0,)), Span(0, 9, "key", (0,), "ab12")]
    assert valid_spans(spans, NO_UNTIL) == (spans[0],)
    assert valid_spans(spans, frozenset({"ab12"})) == (spans[1],)
    assert valid_spans(spans, frozenset({"", "ab12"})) == tuple(spans)


def test_the_chain_of_a_pack_is_read_from_the_store(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    for published in (span(0, 2), span(3, 3), span(5, 5), Span(3, 9, "key", (0,), "ab12"), Span(3, 9, "key", (0, 1))):
        objects.put(published.name, b"not read")
    assert published_chain(objects, "key", (0,), 0) == [span(0, 2), span(3, 3)]
    until = published_chain(objects, "key", (0,), 3, frozenset({"ab12"}))
    assert until == [Span(3, 9, "key", (0,), "ab12")]
    assert published_chain(objects, "absent", (0,), 0) == []
