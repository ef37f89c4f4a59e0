"""`columns=` of a grid: which columns it shows at first, by each of their names."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.card.widgets.leads.lead_front import Page

pytestmark = pytest.mark.usefixtures("unlimited")


@pytest.fixture(scope="module")
def batch():
    cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
    return ow.start_many(cities, client=ow.Sandbox(speed=600).client(), show=False).wait("cells", timeout=60)


def test_a_grid_begins_with_the_chosen_columns_by_slug_title_or_name_in_frames(batch):
    titles = {column.slug: column.name for column in batch.runs[0].tables[0].columns}
    grid = batch.leads(columns=["contact_email", titles["phone"], "latest-funding", "run_name"], save=True)
    heads = next(each["heads"] for each in Page(grid).ask().answers if each["heads"])
    on = {head["slug"] for head in heads if not head["off"]}
    assert on == {"company", "contact-email", "phone", "latest-funding", ":run"}
    assert {"website", "fit", "city"} <= {head["slug"] for head in heads} - on
    saved = grid.snapshot()["text/plain"]
    assert (titles["phone"] in saved, titles["city"] in saved) == (True, False)
    grid.close()


def test_a_column_that_no_table_has_is_refused_once_the_columns_are_known(batch):
    with pytest.raises(InvalidInput, match="Did you mean 'contact_email'"):
        batch.runs[0].leads(columns=["company", "contact_emial"])
    with pytest.raises(InvalidInput, match="columns must be a list"):
        ow.leads(batch, columns="company")
    begun = ow.start("List bakeries in Braga", client=ow.Sandbox(speed=1).client(), show=False)
    begun.leads(columns=["company", "contact_emial"]).close()
    begun.cancel()
