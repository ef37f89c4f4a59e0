"""The card of a run within a board: the one live card of the run, made for the board where there is none yet."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from origami_widgets.card.widgets.run_card import card_of

if TYPE_CHECKING:
    from origami_widgets.card.widgets.run_card import RunCard
    from origami_widgets.run.handle import Run

_boards: weakref.WeakKeyDictionary[RunCard, int] = weakref.WeakKeyDictionary()
"""In how many boards each card is open that was made for one."""


def card_within(run: Run) -> RunCard:
    """The live card of a run, for a board; `let_card_go` gives it back. Background loop only.

    Args:
        run: the run.
    """
    known = run.conversation.presentation
    card = card_of(run)
    if card in _boards or card is not known:
        _boards[card] = _boards.get(card, 0) + 1
    return card


def let_card_go(card: RunCard) -> None:
    """Close a card that a board has folded, unless it is shown anywhere else: there it lives on.

    Args:
        card: what `card_within` returned.
    """
    if card not in _boards:
        return
    _boards[card] -= 1
    if _boards[card] > 0 or card.outputs or not card.is_open:
        return
    if card.run.conversation.presentation is card:
        card.run.conversation.presentation = None
    card.close()
