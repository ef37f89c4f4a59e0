"""The token of a run, `agent/run`: all that is needed to find it again from any machine."""

from __future__ import annotations

import re

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models import AgentSummary, RunSummary
from origami_widgets.api.validate import agent_id as valid_agent_id
from origami_widgets.api.validate import may_be_id, not_a_key, shortened
from origami_widgets.api.validate import run_id as valid_run_id

EXPECTED = 'Expected "AGENT_ID/RUN_ID" as the card\'s foot shows it, two ids, or only an agent id.'

# An agent is its own workspace, so a link to its workspace names it; so do the addresses of the API. The host does not
# matter: nothing is sent to it, and another base_url has links of its own.
_LINK = re.compile(
    r"https?://[^/?#\s]+/(?:[\w.-]+/)*(?:workspace|agents)/"
    r"(?P<agent>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/runs/(?P<run>[\w-]+))?/?(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)


def make_token(agent_id: str, run_id: str) -> str:
    """The token of a run.

    >>> make_token("6b1f0a8e", "v2_run-01k0c4m2f7")
    '6b1f0a8e/v2_run-01k0c4m2f7'
    """
    return f"{agent_id}/{run_id}"


def parse_token(token_or_agent_id: object, run_id: str | None = None) -> tuple[str, str | None]:
    """Read the ids in a token, or in a link to the agent's workspace. Sends nothing.

    Args:
        token_or_agent_id: a token, an agent's id, or a link of Origami that holds one.
        run_id: a run's id, when the first argument is an agent's.

    Returns:
        The agent's id, and the run's id or None when only the agent was named.

    Raises:
        InvalidInput: it is neither, also a word that cannot be an id, or the placeholder of an example.

    >>> parse_token("6b1f0a8e/v2_run-01k0c4m2f7")
    ('6b1f0a8e', 'v2_run-01k0c4m2f7')
    >>> parse_token("6b1f0a8e")
    ('6b1f0a8e', None)
    >>> parse_token("https://origami.chat/workspace/6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90?table=c0a3")
    ('6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90', None)
    """
    if not isinstance(token_or_agent_id, str):
        given = "None" if token_or_agent_id is None else f"of type {type(token_or_agent_id).__name__}, not text"
        raise _not_a_token(f"It is {given}.", _ids_of(token_or_agent_id))
    token = token_or_agent_id.strip()
    if not token:
        raise _not_a_token("It is empty.")
    if "://" in token:
        agent, run = _ids_in_link(token)
    else:
        agent, slash, run = token.partition("/")
        if slash and not run:
            raise _not_a_token(f"{shortened(token)} holds no run id after the slash.")
    if run and run_id is not None:
        raise _not_a_token("A token was given and a run id as well.")
    wanted = run or run_id
    ids = valid_agent_id(agent), None if wanted is None else valid_run_id(wanted)
    if not any(may_be_id(part) for part in ids if part is not None):
        raise _not_a_token(f"{shortened(token_or_agent_id)} holds words in the place of ids.")
    return ids


def _ids_in_link(link: str) -> tuple[str, str]:
    found = _LINK.fullmatch(link)
    if found is None:
        not_a_key(link, "a link")
        raise _not_a_token("It is a web address that names no agent.")
    return found["agent"], found["run"] or ""


def _ids_of(given: object) -> str:
    """What to write for an object of `list_agents` or `list_runs`; empty for anything else."""
    if isinstance(given, RunSummary):
        return "Give its ids: attach(run.agent_id, run.id). "
    return "Give its id: attach(agent.id). " if isinstance(given, AgentSummary) else ""


def _not_a_token(cause: str, first: str = "") -> InvalidInput:
    return InvalidInput("This does not name a run", cause=cause, remedy=f"{first}{EXPECTED}")
