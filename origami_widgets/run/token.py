"""The token of a run, `agent/run`: all that is needed to find it again from any machine."""

from __future__ import annotations

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import agent_id as valid_agent_id
from origami_widgets.api.validate import run_id as valid_run_id

EXPECTED = 'Expected "AGENT_ID/RUN_ID" as the card\'s foot shows it, two ids, or only an agent id.'


def make_token(agent_id: str, run_id: str) -> str:
    """The token of a run.

    >>> make_token("6b1f0a8e", "v2_run-01k0c4m2f7")
    '6b1f0a8e/v2_run-01k0c4m2f7'
    """
    return f"{agent_id}/{run_id}"


def parse_token(token_or_agent_id: str, run_id: str | None = None) -> tuple[str, str | None]:
    """The ids in a token.

    Args:
        token_or_agent_id: a token, or an agent's id.
        run_id: a run's id, when the first argument is an agent's.

    Returns:
        The agent's id, and the run's id or None when only the agent was named.

    Raises:
        InvalidInput: it is neither; nothing was sent.

    >>> parse_token("6b1f0a8e/v2_run-01k0c4m2f7")
    ('6b1f0a8e', 'v2_run-01k0c4m2f7')
    >>> parse_token("6b1f0a8e")
    ('6b1f0a8e', None)
    """
    if not isinstance(token_or_agent_id, str):
        raise _not_a_token(f"It is {type(token_or_agent_id).__name__}, not text.")
    token = token_or_agent_id.strip()
    if not token:
        raise _not_a_token("It is empty.")
    if "://" in token:
        raise _not_a_token("It is a web address; the id of a table in it cannot be attached either.")
    agent, separator, run = token.partition("/")
    if separator and run_id is not None:
        raise _not_a_token("A token was given and a run id as well.")
    if separator:
        return valid_agent_id(agent), valid_run_id(run)
    return valid_agent_id(agent), None if run_id is None else valid_run_id(run_id)


def _not_a_token(cause: str) -> InvalidInput:
    return InvalidInput("This does not name a run", cause=cause, remedy=EXPECTED)
