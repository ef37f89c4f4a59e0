"""The IPython extension, `%load_ext origami_widgets`, with completion. The only module in `magics` that knows the shell."""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import needs_local_scope, no_var_expand

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.magics.commands import CELL, CELL_TOPIC, COMMANDS, MODELS, as_options, explained, overview
from origami_widgets.magics.execute import run_cell, run_line
from origami_widgets.magics.variables import Variables, variables_with_runs, watched_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from origami_widgets.magics.commands import MagicCommand

    Known = Callable[[str], Iterable[str]]


LONGEST = 2_000
"""Characters of the longest line that is completed."""

_LINE = re.compile(r"\s*(?:[\w.,\s\[\]'\"]+=\s*)?(?P<magic>%%?origami)(?P<rest>\s.*)", re.DOTALL)
_LAST = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]*\Z")
"""Matches what IPython considers the word before the cursor."""
_PLAIN = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]+")


@dataclass(frozen=True)
class Completions:
    """The completions of a word.

    Args:
        word: the part of the word before the cursor.
        texts: the whole words that complete it.
    """

    word: str
    texts: tuple[str, ...]


def complete(before: str, known: Known) -> Completions | None:
    """Return the completions at the end of an unfinished line.

    Args:
        before: the line up to the cursor.
        known: returns the words that an option or a positional word may have, by its name.

    Returns:
        None if the line is not one of our magics, or if the cursor is in Python code between braces.

    >>> complete("%%origami --once porto --mo", lambda name: ())
    Completions(word='--mo', texts=('--model',))
    """
    line = _LINE.fullmatch(before) if "origami" in before and len(before) <= LONGEST else None
    if line is None or _is_inside_braces(line["rest"]):
        return None
    last = _LAST.search(before)
    word = "" if last is None else last[0]
    *written, current = re.split(r"\s+", line["rest"].lstrip())
    fitting = (
        text
        for text in _fitting(line["magic"], written, current, known)
        if text.startswith(word) and _PLAIN.fullmatch(text)
    )
    return Completions(word, tuple(dict.fromkeys(fitting)))


def _fitting(magic: str, written: list[str], current: str, known: Known) -> Iterable[str]:
    """Return the words that may follow the written ones, whatever the current word begins with."""
    command: MagicCommand | None = CELL
    if magic == "%origami":
        if not written:
            return COMMANDS
        command = COMMANDS.get(written.pop(0))
    if command is None:
        return ()
    options = [
        name
        for name, action in command.options.items()
        if isinstance(action.default, list) or not any(word.partition("=")[0] == name for word in written)
    ]
    name, is_value, _ = current.partition("=")
    option = command.options.get(name if is_value else written[-1] if written else "")
    if option is not None and option.nargs != 0:
        values = option.choices or known(option.dest)
        # After an option with a default, the next option may follow.
        return [*values, *options] if option.nargs == "?" and not is_value else values
    with_values = {name for name, action in command.options.items() if action.nargs != 0}
    plain = [word for before, word in zip(["", *written], written, strict=False) if before not in with_values]
    if current.startswith("-") or any(not word.startswith("-") for word in plain):
        return options
    return [text for action in command.words for text in known(action.dest)] or options


def _is_inside_braces(text: str) -> bool:
    plain = text.replace("{{", "").replace("}}", "")
    return plain.rfind("{") > plain.rfind("}")


def known_words(name: str, notebook: Mapping[str, Any]) -> Iterable[str]:
    """Return what this process knows for an option or a positional word, for `complete`. Sends nothing.

    Args:
        name: the name of the option, without dashes, or of the word.
        notebook: the notebook's variables.
    """
    runs = watched_runs()
    tokens = [run.token for run in runs]
    words: dict[str, Iterable[str]] = {
        "token": tokens,
        "run": [*variables_with_runs(notebook), *tokens],
        "agent": [run.agent_id for run in runs],
        "focus": [table.id for run in runs for table in run.tables],
        "once": [run.conversation.once for run in runs if run.conversation.once],
        "model": MODELS,
        "command": (CELL_TOPIC, *COMMANDS),
    }
    return words.get(name, ())


NAME = "origami"


def load_ipython_extension(shell: Any) -> None:
    """Register `%origami` and `%%origami` in an IPython shell. Sends nothing. May be called more than once.

    Args:
        shell: the IPython shell, which calls this for `%load_ext origami_widgets`.
    """
    unload_ipython_extension(shell)

    def line_magic(line: str, local_ns: dict[str, Any] | None = None) -> object:
        with short_errors():
            return run_line(line, Variables(shell.user_ns, local_ns or {}))

    def cell_magic(line: str, cell: str) -> object:
        with short_errors():
            return run_cell(line, cell, Variables(shell.user_ns))

    line_magic.__doc__, cell_magic.__doc__ = overview(), explained(CELL)
    # Without `no_var_expand`, IPython would expand `$5M` in a line, and silently skip what it cannot expand.
    shell.register_magic_function(no_var_expand(needs_local_scope(line_magic)), magic_kind="line", magic_name=NAME)
    shell.register_magic_function(no_var_expand(cell_magic), magic_kind="cell", magic_name=NAME)
    _add_matcher(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics from an IPython shell. Sends nothing; runs continue.

    Args:
        shell: the IPython shell, which calls this for `%unload_ext origami_widgets`.
    """
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    for matchers in (shell.Completer.custom_matchers, shell.Completer.magic_arg_matchers):
        matchers[:] = [matcher for matcher in matchers if getattr(matcher, "__module__", "") != __name__]


@contextlib.contextmanager
def short_errors() -> Iterator[None]:
    """Show errors without a traceback, as all frames between the cell and the error are IPython's and ours."""
    try:
        yield
    except InvalidInput as error:
        raise UsageError(as_options(str(error))) from None
    except OrigamiError as error:
        notes: list[str] = getattr(error, "__notes__", [])
        text = as_options("\n".join([f"{type(error).__name__}: {error}", *notes]))
        # IPython calls this. A partial of a builtin holds no reference to the error, which keeps it picklable.
        vars(error)["_render_traceback_"] = functools.partial(list, (text,))
        raise error.with_traceback(None) from None


def _add_matcher(shell: Any) -> None:
    completer = shell.Completer

    def completions(before: str) -> Completions | None:
        try:
            return complete(before, lambda name: known_words(name, shell.user_ns))
        except Exception:  # noqa: BLE001 - an error must not interrupt someone who is typing
            return None

    def old_matcher(_line: str) -> list[str]:
        found = completions(completer.text_until_cursor)
        return list(found.texts) if found is not None else []

    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        # Before IPython 8.6, only this list has matchers whose matches are shown without Python's. Goes when Colab has a
        # newer one than 7.34.
        completer.magic_arg_matchers.append(old_matcher)
        return

    def matcher(context: Any) -> dict[str, Any]:
        found = completions(context.text_until_cursor)
        if found is None:
            return {"completions": []}
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in found.texts],
            "matched_fragment": found.word,
            "suppress": True,
            "ordered": True,
        }

    completer.custom_matchers.append(context_matcher(identifier=NAME)(matcher))
