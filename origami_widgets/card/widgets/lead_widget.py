"""Base class of the widgets that show leads: it feeds the front ends that look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.loop import background
from origami_widgets.card.widgets.lead_feed import LeadFeed
from origami_widgets.card.widgets.live_widget import LiveWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.card.view.lead_contract import LeadFilter, LeadsAnswer, LeadSort
    from origami_widgets.host.outputs import Outputs


class LeadWidget(LiveWidget):
    """A widget whose front end may look at the leads of its tables. None of them is kept in a trait.

    Args:
        outputs: the outputs it is shown in already.
        filters: conditions that all leads fulfil.
        sort: the order where the front end has none.
    """

    def __init__(
        self, outputs: Outputs | None = None, *, filters: Sequence[LeadFilter] = (), sort: LeadSort | None = None
    ) -> None:
        self._leads = LeadFeed(
            self._send_leads,
            self._tables,
            self._operations,
            is_unfiltered=self._goes_on,
            filters=filters,
            sort=sort,
        )
        super().__init__(outputs)

    # For each kind of widget to define.

    def _tables(self) -> Sequence[Table]:
        """Return the tables as they are known now."""
        raise NotImplementedError

    def _operations(self) -> Operations | None:
        """Return the API through which leads are read; None where there is none."""
        raise NotImplementedError

    def _goes_on(self) -> bool:
        """Return whether the run has not ended: until then the filters saved with a table are left off."""
        raise NotImplementedError

    # Common to all of them.

    def _send_leads(self, answer: LeadsAnswer) -> None:
        if self.comm is not None:
            self.send(answer)

    def _on_content(self, content: Any) -> None:
        match content:
            case {"kind": "leads"}:
                background().call_soon(lambda: self._leads.look(content))

    def _flush(self) -> None:
        super()._flush()
        self._leads.changed()

    def _release(self) -> None:
        super()._release()
        # It may be half made.
        leads: LeadFeed | None = getattr(self, "_leads", None)
        if leads is not None:
            leads.stop()
