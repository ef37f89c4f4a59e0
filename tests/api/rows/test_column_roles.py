"""What a column of leads is for, by its heading, and the order in which people read columns."""

import pytest

from origami_widgets.api.rows.cell_values import column_role, reading_order


@pytest.mark.parametrize(
    ("heading", "kind", "role"),
    [
        ("E-mail", "enrichment", "email"),
        ("workEmail", "enrichment", "email"),
        ("Telephone", "enrichment", "phone"),
        ("Company URL", "input", "website"),
        ("Organisation name", "input", "name"),
        ("Fit", "score", "score"),
        ("E-mail", "score", "score"),
        ("First email", "sequence", "internal"),
        ("Email verified", "enrichment", "other"),
        ("Number of phones", "enrichment", "other"),
        ("City", "input", "other"),
        ("", "input", "other"),
    ],
)
def test_the_heading_says_what_a_column_is_for(heading, kind, role):
    assert column_role(heading, kind) == role


@pytest.mark.parametrize(
    ("columns", "order"),
    [
        ([], []),
        # Without a name, the first column has it, unless it is known to be something else.
        ([("Company", "input"), ("City", "input")], [(0, "name"), (1, "other")]),
        ([("E-mail", "input"), ("Company", "input")], [(0, "email"), (1, "other")]),
        ([("Company", "input"), ("Full name", "input")], [(1, "name"), (0, "other")]),
        # Only the first name and the first score go to the front; addresses stay together.
        (
            [("Name", "input"), ("Fit", "score"), ("Full name", "input"), ("Size", "score"), ("E-mail", "input")],
            [(0, "name"), (1, "score"), (4, "email"), (2, "other"), (3, "other")],
        ),
        (
            [("Name", "input"), ("Phone", "input"), ("Email", "input"), ("Mail", "input")],
            [(0, "name"), (2, "email"), (3, "email"), (1, "phone")],
        ),
        ([("Name", "input"), ("Draft", "sequence"), ("City", "input")], [(0, "name"), (2, "other"), (1, "internal")]),
    ],
)
def test_people_read_names_first_then_scores_and_addresses(columns, order):
    assert reading_order(columns) == order
