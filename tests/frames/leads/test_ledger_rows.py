"""Which leads a period hands over, and by what the ledger knows them."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from origami_widgets.frames.leads.ledger_rows import HandedOver, LedgerRow, hand_over, ledger_bytes, read_ledger
from origami_widgets.frames.leads.left_out import LeftOut

NOW = datetime(2026, 11, 30, tzinfo=UTC)
COLUMNS = ("table_id", "row_id", "domain", "company", "full_name", "email")


def leads(*rows: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in rows], columns=COLUMNS, dtype="string")


def found(frame: pd.DataFrame, rows: list[LedgerRow], period: int, **options) -> HandedOver:
    return hand_over(frame, rows, period, NOW, **{"is_over": False, "left_out": None, **options})


FIRST = leads(
    ("c", "1", "acme.pt", "Acme", None, "info@acme.pt"),
    ("c", "2", None, "Only a page", None, "page@gmail.com"),
    ("c", "3", None, "Nothing known", None, None),
    ("p", "4", "acme.pt", "Acme", "Ana Sousa", "ana@acme.pt"),
    ("p", "5", "acme.pt", "Acme", "Rui Reis", None),
    ("p", "6", "acme.pt", "Acme", None, "sales@acme.pt"),
)


def test_each_lead_is_known_by_as_little_as_it_takes():
    made = found(FIRST, [], 1)
    assert [row[2:5] for row in made.added] == [
        ("acme.pt", "", ""),
        ("", "", "page@gmail.com"),
        ("", "", ""),
        ("acme.pt", "ana sousa", "ana@acme.pt"),
        ("acme.pt", "rui reis", ""),
        ("", "", "sales@acme.pt"),
    ]
    assert {row.handed_over for row in made.added} == {"2026-11-30"}
    assert made.counts == {"period": 1, "rows": 6, "known": 0, "left_out_of_new": 0, "without_key": 1}


@pytest.mark.parametrize(
    ("lead", "is_new"),
    [
        (("c2", "7", "acme.pt", "Acme Lda", None, None), False),
        (("c2", "7", "broa.pt", "Broa", None, None), True),
        (("c2", "7", None, "Page", None, "Page@gmail.com"), False),
        # A company is not known by the address of one of its people, nor a person by the company.
        (("c2", "7", "broa.pt", "Broa", None, "ana@acme.pt"), True),
        (("p2", "7", "acme.pt", "Acme", "Eva Lima", "eva@acme.pt"), True),
        (("p2", "7", "acme.com", "Acme", "A. Sousa", "ana@acme.pt"), False),
        (("p2", "7", "acme.pt", "Acme", "Ana Sousa", "other@acme.pt"), True),
        (("p2", "7", "acme.pt", "Acme", "ANA  Sousa", None), False),
        (("p2", "7", "acme.pt", "Acme", "Rui Reis", "rui@acme.pt"), False),
        # The same lead, whatever has become of it.
        (("c", "3", "new.pt", "Known now", None, "a@new.pt"), False),
        (("c2", "7", None, "Nothing known", None, None), True),
    ],
)
def test_a_later_period_hands_over_what_the_ledger_does_not_have(lead, is_new):
    rows = found(FIRST, [], 1).added
    made = found(leads(*FIRST.itertuples(index=False, name=None), lead), rows, 2)
    assert len(made.leads) == len(made.added) == is_new
    assert made.counts["known"] == 7 - is_new


def test_a_period_that_is_over_hands_over_the_same_and_nothing_else():
    rows = found(FIRST, [], 1).added
    more = leads(*FIRST.itertuples(index=False, name=None), ("c", "9", "broa.pt", "Broa", None, None))
    again = found(more, rows, 1, is_over=True)
    assert again.leads["row_id"].to_list() == FIRST["row_id"].to_list()
    assert again.added == []
    # One that was being handed over goes on.
    assert found(more, rows, 1).leads["row_id"].to_list() == [*FIRST["row_id"], "9"]


def test_who_opts_out_later_is_not_handed_over_again():
    rows = found(FIRST, [], 1).added
    again = found(FIRST, rows, 1, is_over=True, left_out=LeftOut.of_list(["ana@acme.pt"]))
    assert again.leads["row_id"].to_list() == list("12356")
    assert again.counts["left_out_of_new"] == 1


def test_a_period_that_is_over_says_again_how_many_it_left_out():
    ana = LeftOut.of_list(["ana@acme.pt"])
    first = found(FIRST, [], 1, left_out=ana)
    again = found(FIRST, first.added, 1, is_over=True, left_out=ana)
    assert again.counts == first.counts
    assert again.counts["left_out_of_new"] == 1


def test_a_ledger_is_read_as_it_was_written_and_a_spreadsheet_computes_nothing(tmp_path):
    odd = leads(
        ("p", "=1", "acme.pt", "Acme", '=HYPERLINK("x"),;\n=\u00dcmit', "=cmd@acme.pt"),
        ("p", "2", None, None, "é", None),
    )
    rows = found(odd, [], 1).added
    path = tmp_path / "ledger.csv"
    path.write_bytes(ledger_bytes(rows))
    assert read_ledger(path) == rows
    assert not any(
        cell.startswith(("=", '"=')) for line in path.read_text("utf-8-sig").split(",") for cell in line.split("\n")
    )
    assert read_ledger(tmp_path / "missing.csv") == []
