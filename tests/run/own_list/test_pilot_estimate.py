"""For how many lists the range holds that a pilot names: finds cost 15 credits, and all else nothing."""

from __future__ import annotations

from random import Random

import pytest

from origami_widgets.run.own_list.pilot_estimate import pilot_rows, price_range

PRICED, REST, LISTS = 15, 480, 100


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_rest_is_seldom_dearer_than_the_range(share):
    chance, held, dearer, told = Random(2), 0, 0, 0  # noqa: S311 - repeatable on purpose
    for _ in range(LISTS):
        found = price_range([15 * (chance.random() < share) for _ in range(PRICED)], REST)
        cost = sum(15 * (chance.random() < share) for _ in range(REST))
        if found is not None:
            told += 1
            held += found[0] <= cost <= found[1]
            dearer += cost > found[1]
    assert held >= 0.7 * told
    assert dearer <= 0.09 * told


def test_the_rows_of_a_pilot_do_not_hang_on_the_order_of_the_list():
    keys = [(f"{n}.example",) for n in range(100)]
    chosen = {keys[at] for at in pilot_rows(keys, "salt", 20)}
    assert chosen == {keys[::-1][at] for at in pilot_rows(keys[::-1], "salt", 20)}
    assert len(chosen) == 20
