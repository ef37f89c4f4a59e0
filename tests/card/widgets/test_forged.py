"""What a page may do to a widget of the kernel: draw it and click; it can't set it."""

import pytest

from origami_widgets.card.widgets.run_board import RunBoard
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.run.handle import Run
from tests.card.live import settle


class Comm:
    """Records what a widget sends; the widget's own comm is what messages arrive at."""

    def __init__(self, widget, monkeypatch):
        self.sent = []
        self._widget = widget
        monkeypatch.setattr(widget.comm, "send", self._note)

    def _note(self, data=None, metadata=None, buffers=None):
        self.sent.append(data)

    def receive(self, data):
        self._widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


@pytest.fixture(params=[RunCard, RunBoard])
def widget(request, watch):
    run = Run(watch)
    made = RunCard(run) if request.param is RunCard else RunBoard([run])
    settle()
    yield made
    made.close()


@pytest.fixture
def comm(widget, monkeypatch):
    return Comm(widget, monkeypatch)


def values(widget):
    return {name: getattr(widget, name) for name in widget.keys}


def test_no_trait_can_be_set_from_a_page(widget, comm):
    before = values(widget)
    forged = {name: 7 if isinstance(value, int) else "forged" for name, value in before.items()} | {"status": "errored"}
    del forged["_view_count"]
    for name, value in forged.items():
        comm.receive({"method": "update", "state": {name: value}, "buffer_paths": []})
    comm.receive({"method": "update", "state": forged, "buffer_paths": []})
    comm.receive({"method": "update", "state": {"head": {}}, "buffer_paths": [["head", "prompt"]]})
    assert values(widget) == before
    assert comm.sent == []


def test_no_layout_of_another_widget_can_be_put_in_place_of_its_own(widget, comm):
    before = widget.layout
    comm.receive({"method": "update", "state": {"layout": f"IPY_MODEL_{widget.model_id}"}, "buffer_paths": []})
    assert widget.layout is before


def test_a_page_says_how_many_views_it_draws(widget, comm):
    comm.receive({"method": "update", "state": {"_view_count": 2, "seq": 99}, "buffer_paths": []})
    assert widget.get_state()["_view_count"] == 2
    assert widget.seq != 99
