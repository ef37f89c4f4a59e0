"""The IPython extension: `%load_ext origami_widgets`. The only module of the magics that knows IPython."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import needs_local_scope, no_var_expand

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.magics.cell import start_from_cell
from origami_widgets.magics.commands import CELL, explained, overview
from origami_widgets.magics.completing import Found, complete
from origami_widgets.magics.known import Account, known_in
from origami_widgets.magics.lines import carry_out
from origami_widgets.magics.names import Names
from origami_widgets.magics.words import as_written_here

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "origami"


def load_ipython_extension(shell: Any) -> None:
    """Give a shell the magics `%origami` and `%%origami`. Sends nothing; doing it twice is as good as once.

    Args:
        shell: the IPython shell, which calls this for `%load_ext origami_widgets`.
    """
    unload_ipython_extension(shell)

    def line_magic(line: str, local_ns: dict[str, Any] | None = None) -> object:
        with _plain_errors():
            return carry_out(line, Names(shell.user_ns, local_ns or {}))

    def cell_magic(line: str, cell: str) -> object:
        with _plain_errors():
            return start_from_cell(line, cell, Names(shell.user_ns))

    line_magic.__doc__, cell_magic.__doc__ = overview(), explained(CELL)
    # IPython would expand `$5M` in a line, and leave what it cannot expand as it stands.
    shell.register_magic_function(no_var_expand(needs_local_scope(line_magic)), magic_kind="line", magic_name=NAME)
    shell.register_magic_function(no_var_expand(cell_magic), magic_kind="cell", magic_name=NAME)
    _add_matcher(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away from a shell. Sends nothing; runs go on.

    Args:
        shell: the IPython shell, which calls this for `%unload_ext origami_widgets`.
    """
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    for matchers in (shell.Completer.custom_matchers, shell.Completer.magic_arg_matchers):
        matchers[:] = [matcher for matcher in matchers if getattr(matcher, "__module__", "") != __name__]


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Show errors in their own words: the frames between a cell and them are IPython's and ours."""
    try:
        yield
    except InvalidInput as error:
        raise UsageError(as_written_here(str(error))) from None
    except OrigamiError as error:
        notes: list[str] = getattr(error, "__notes__", [])
        text = as_written_here("\n".join([f"{type(error).__name__}: {error}", *notes]))
        # IPython asks for this; a function of the module that holds no error, so that the error can be pickled.
        vars(error)["_render_traceback_"] = functools.partial(list, (text,))
        raise error.with_traceback(None) from None


def _add_matcher(shell: Any) -> None:
    completer, account = shell.Completer, Account()

    def found(before: str) -> Found | None:
        try:
            return complete(before, known_in(shell.user_ns, account))
        except Exception:  # noqa: BLE001 - a line that is being written must never be torn by an error
            return None

    def of_old(_line: str) -> list[str]:
        texts = found(completer.text_until_cursor)
        return list(texts.texts) if texts is not None else []

    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        # Before IPython 8.6: the one list whose matches stand alone, without those of Python.
        completer.magic_arg_matchers.append(of_old)
        return

    def of_new(context: Any) -> dict[str, Any]:
        texts = found(context.text_until_cursor)
        if texts is None:
            return {"completions": []}
        completions = [SimpleCompletion(text, type="magic") for text in texts.texts]
        return {"completions": completions, "matched_fragment": texts.word, "suppress": True, "ordered": True}

    completer.custom_matchers.append(context_matcher(identifier=NAME)(of_new))
