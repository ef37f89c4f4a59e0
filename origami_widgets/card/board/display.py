"""Showing many runs in whatever they run in: a notebook, a terminal, a script."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from origami_widgets.card.board.text import render_board_text
from origami_widgets.card.board.twin import again_bundle, static_board
from origami_widgets.card.display import (
    CardPresenter,
    cell_request,
    in_marimo,
    nobody_there,
    running_cell,
    without_widgets,
)
from origami_widgets.card.host import pages

if TYPE_CHECKING:
    from origami_widgets.card.board.board import RunBoard
    from origami_widgets.run.batch import RunBatch


class BoardPresenter(CardPresenter):
    """Shows runs as cards and batches as boards."""

    def show_batch(self, batch: RunBatch) -> None:
        """Show the batch's board at once in a notebook; elsewhere nothing."""
        if running_cell() is not None:
            show_board(board_of(batch))
            self.has_shown(batch)

    def display_batch(self, batch: RunBatch) -> None:
        """Show the batch as the value of a cell, unless this very cell has shown it already."""
        if running_cell() is None:
            print(repr(batch))  # noqa: T201 - this is the display of a terminal
        elif not self.was_shown(batch):
            show_board(board_of(batch))

    def batch_mimebundle(self, batch: RunBatch) -> tuple[dict[str, Any], dict[str, Any]]:
        """The board's output, for hosts that ask for it and place it themselves."""
        if not (running_cell() or in_marimo()):
            return {"text/plain": repr(batch)}, {}
        board = board_of(batch)
        return (static_board(board.view), {}) if without_widgets() else board.bundle(board.view)

    def waited_batch(self, batch: RunBatch) -> None:
        """Freeze the board, and the cards of its runs, where a program executes the cells."""
        board: RunBoard | None = batch.presentation
        if board is not None and nobody_there():
            board.freeze_for_a_program()
        for run in batch.runs:
            self.waited(run)


def board_of(batch: RunBatch) -> RunBoard:
    """The one live board of a batch."""
    from origami_widgets.card.board.board import RunBoard

    board: RunBoard | None = batch.presentation
    if board is None or not _lives(board):
        board = batch.presentation = RunBoard(batch)
    return board


def _lives(board: RunBoard | None) -> bool:
    return board is not None and board.is_open and not board.frozen


def show_board(board: RunBoard) -> None:
    """Show a board here; one that is closed or frozen is shown as what it has become."""
    from IPython.display import display

    if running_cell() is None:
        print(render_board_text(board.view, now=time.time()))  # noqa: T201 - this is the display of a terminal
        return
    pages.ran(cell_request())
    with board.lock:
        batch, view = board.batch, board.view
        if batch is not None and not _lives(batch.presentation) and _lives(board):
            # Made by hand, it is frozen like another one when the batch is waited for.
            batch.presentation = board
        settled = view["head"]["settled"]
        if not board.is_open or board.frozen or (settled and nobody_there()):
            display(static_board(view), raw=True)
        elif without_widgets():
            board.as_html = True
            board.outputs.add(static_board(view, saved=settled), {}, None if settled else again_bundle(view))
            board.shown()
        else:
            board.outputs.add(*board.bundle(view), again_bundle(view))
            board.shown()
