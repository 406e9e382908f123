"""Shares of a turn, by hand."""

from __future__ import annotations

from tests.bench import account, made_up


def test_each_step_has_what_it_adds_and_the_last_lines_have_the_sum() -> None:
    """So that every millisecond is in one line."""
    rows = [list(row) for row in account.steps(made_up.TURN).rows]
    assert rows == [
        ["Python starts", "20", "0.10", "8.0"],
        ["MSAL", "100", "0.50", "16.0"],
        ["the request", "30", "0.15", "4.0"],
        ["a turn", "150", "0.75", "28.0"],
        ["`import msal`", "200", "1.00", "30.0"],
    ]


def test_each_saving_is_what_a_turn_would_take_more() -> None:
    """Beside a turn that was started in the same way."""
    assert [list(row) for row in account.savings(made_up.TURN).rows] == [["asyncio", "20", "0.10", "2.5"]]


def test_tables_fit_a_terminal() -> None:
    """Of 80 columns."""
    for table in (account.steps(made_up.TURN), account.savings(made_up.TURN)):
        assert max(map(len, table.text().splitlines())) <= 80
