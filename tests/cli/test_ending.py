"""How a command ends."""

import gc
from argparse import Namespace

import pytest

from origami_widgets.api.key_sources import _not_kept
from origami_widgets.cli.ending import carried_out, in_words_of_the_command
from origami_widgets.cli.exits import INTERRUPTED


@pytest.mark.filterwarnings("always")
def test_an_interrupt_before_a_request_is_sent_says_nothing_of_it(capsys, recwarn):
    async def request():
        pytest.fail("it was not sent")

    def run(_options):
        made = request()
        raise KeyboardInterrupt(made.__name__)

    assert carried_out(Namespace(run=run)) == INTERRUPTED
    gc.collect()
    assert capsys.readouterr() == ("", "")
    assert list(recwarn) == []


def test_who_has_no_notebook_is_told_of_none():
    _, remedy = in_words_of_the_command(_not_kept("It is locked.", "Unlock the keyring"))
    assert remedy == "Unlock the keyring, then run origami-widgets login --store again; or set ORIGAMI_API_KEY."
