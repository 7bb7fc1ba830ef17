from collections.abc import Sequence

from rich.table import Table

from raysc.results.table.terminal_table import empty_table, widest_table


def test_text_in_a_table_is_no_markup() -> None:
    def build(names: Sequence[str]) -> Table:
        table = empty_table("[/title]", names)
        table.add_row("[/first]", "[/second]")
        return table

    assert widest_table(build, ["[data]", "[/more]"], 100)[1] == []


def test_a_table_gets_as_many_columns_as_fit() -> None:
    def build(names: Sequence[str]) -> Table:
        return empty_table("", names)

    assert widest_table(build, ["one", "two", "three"], 100)[1] == []
    assert widest_table(build, ["one", "two", "three"], 12)[1] == ["three"]
    assert widest_table(build, ["one", "two", "three"], 1)[1] == ["two", "three"]
