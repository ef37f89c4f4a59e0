"""What an answer must hold before anything is read from it: a success without it is no success."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError, UnexpectedAnswer
from origami_widgets.api.models import CreatedAgent, RunObject
from origami_widgets.api.models.page import is_list

if TYPE_CHECKING:
    from origami_widgets.api.answer import Answer


def an_object(answer: Answer) -> Answer:
    """An answer with an object.

    Raises:
        UnexpectedAnswer: there is none; every one of these raises it where its word does not hold.
    """
    if not isinstance(answer.body, dict):
        raise _shapeless(answer, "An object was expected.")
    return answer


def a_list(answer: Answer) -> Answer:
    """A list answer. One without a list is not an empty one: rows would silently be missing."""
    if not is_list(an_object(answer).body):
        raise _shapeless(answer, "A list was expected.")
    return answer


def about(answer: Answer, wanted: str) -> Answer:
    """An answer about the thing that was asked for."""
    told = an_object(answer).body.get("id")
    if not isinstance(told, str) and "status" not in answer.body:
        raise _shapeless(answer, "It names nothing.")
    # A person may have typed an id in capitals; the server writes it in its own way.
    if isinstance(told, str) and told.lower() != wanted.lower():
        raise _shapeless(answer, f"Asked for {wanted}, it is about something else.")
    return answer


def a_creation(answer: Answer) -> Answer:
    """An answer with an agent and its run."""
    created = CreatedAgent.from_raw(an_object(answer).body)
    if not created.run.id or not (created.agent.id or created.run.agent_id):
        raise _shapeless(answer, "It names no agent or no run.")
    return answer


def naming_a_run(answer: Answer) -> Answer:
    """An answer with a run."""
    run = run_in(answer)
    if run is None or not run.id:
        raise _shapeless(answer, "It names no run.")
    return answer


def run_in(answer: Answer) -> RunObject | None:
    """The run in `{"run": …}`, or a bare one, which some servers send."""
    body = an_object(answer).body
    bare = body if "id" in body and "status" in body else None
    inner = body.get("run", bare)
    return RunObject.from_raw(inner) if isinstance(inner, dict) else None


def _shapeless(answer: Answer, cause: str) -> OrigamiError:
    return UnexpectedAnswer(
        "The answer is not what the API promises",
        cause=cause,
        remedy="It is asked again by itself where that is free. If it stays, tell support the request id.",
        code="UNEXPECTED_ANSWER",
        status_code=answer.status_code,
        request_id=answer.request_id,
        transient=True,
    )
