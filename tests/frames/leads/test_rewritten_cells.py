"""Which rule of a spreadsheet makes the cells of a file equal to those of the table, and when there is none."""

import pytest

from origami_widgets.frames.leads.refreshing import rewriting

DAYS = ["2026-01-05", "2026-02-06", "2026-03-17"]
REWRITTEN = {
    "zeros in front": [("123", "00123"), ("7", "007"), ("0", "00000")],
    "zeros behind": [("12.0", 12), ("7.0", "7"), ("1.50", 1.5)],
    "decimal commas": [("1,5", 1.5), ("0,25", 0.25), ("-3,0", -3)],
    "exponents": [("4,11111E+15", "4111111111111111"), ("1.2E3", "1234"), ("5E+05", 500_000)],
    "fifteen digits": [
        ("4777777777777770", "4777777777777777"),
        (4.22222222222222e15, "4222222222222222"),
        ("5", "05"),
    ],
    "days of Germany": [("05.01.2026", DAYS[0]), ("06.02.26", DAYS[1]), ("17.3.2026", DAYS[2])],
    "days of France": [("05/01/2026", DAYS[0]), ("06/02/2026", DAYS[1]), ("17/03/2026", DAYS[2])],
    "days of America": [("1/5/2026", DAYS[0]), ("2/6/26", DAYS[1]), ("03/17/2026", DAYS[2])],
    "times without seconds": [(f"{day} 9:14", f"{day}T09:14:02Z") for day in DAYS],
    "booleans of Germany": [("WAHR", True), ("FALSCH", False), ("WAHR", True)],
    "booleans as numbers": [("1", True), ("0", False), ("0", False)],
    "blanks": [(" Acme ", "Acme"), ("Nata\u00a0Lda", "Nata Lda"), ("a\r\nb", "a\nb")],
}


@pytest.mark.parametrize("pairs", REWRITTEN.values(), ids=REWRITTEN)
def test_a_column_that_one_rule_explains_is_rewritten(pairs):
    rule = rewriting([*pairs, (None, "new"), ("gone", None)])
    assert rule is not None
    assert all(rule(str(one), other) for one, other in pairs)
    assert not rule("Elsewhere", pairs[0][1])
    assert rewriting(pairs[:2]) is None, "two cells may be chance"
    assert rewriting([*pairs, ("Elsewhere", pairs[0][1])]) is None, "a quarter of the cells says something else"


@pytest.mark.parametrize(
    "pairs",
    [
        [("05.01.2026", DAYS[0]), ("2/6/2026", DAYS[1]), ("17.03.2026", DAYS[2])],
        [("1,234", 1234), ("5,678", 5678), ("9,012", 9012)],
        [("no", True), ("no", True), ("no", True)],
        [("FALSE", True), ("FALSE", True), ("TRUE", False)],
        [("12", 13), ("14", 15), ("16", 17)],
        [({"a": 1}, {"a": 2}), ([1], [2]), ([3], [4])],
        [("1E+999", 5), ("1E+99999999999", 6), ("nan", 7)],
        [],
    ],
)
def test_other_differences_are_changes(pairs):
    assert rewriting(pairs) is None
