"""How far reading leads has come, in words."""

import pytest

from origami_widgets.api.rows.row_progress import RowProgress
from origami_widgets.cli.leads_command import reading_words


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (None, ""),
        (RowProgress(0, None), "reading leads"),
        (RowProgress(0, 1240), "reading leads"),
        (RowProgress(400, 1240), "reading leads: 400 of 1,240"),
        (RowProgress(1240, 1240), ""),
        (RowProgress(400, None), "reading leads: 400 so far"),
        (RowProgress(400, 380), "reading leads: 400 so far"),
        (RowProgress(400, -1), "reading leads: 400 so far"),
        (RowProgress(400, 10**40), "reading leads: 400 so far"),
    ],
)
def test_the_words(progress, said):
    assert reading_words(progress) == said
