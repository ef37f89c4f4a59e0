"""Runs: the request, the response with its actions and tables, and open questions; and the agents that run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from origami_widgets.api.models.base import About, JsonObject, Model
from origami_widgets.api.models.table import Table

STATUS_LABELS = {
    "running": "Running",
    "completed": "Completed",
    "needs_input": "Needs your answer",
    "step_cap_hit": "Step limit reached",
    "incomplete": "Stopped early",
    "cancelled": "Stopped",
    "errored": "Failed",
    "timed_out": "Timed out",
}
"""Each status of a run, in the words of card, board and workbook."""
MODELS = ("origami-lite", "origami-max")
ACTION_TYPES = (
    "table_created",
    "table_restored",
    "column_added",
    "columns_updated",
    "columns_deleted",
    "columns_restored",
    "leads_added",
    "leads_deleted",
    "leads_restored",
)
ROLES = ("user", "assistant", "tool")


class Steps(Model, frozen=True):
    """Steps that the run has completed, and the plan's limit."""

    completed: Annotated[int | None, About("done so far", "steps", "steps_completed")] = None
    max: Annotated[int | None, About("most that the plan allows", "steps", "steps_max")] = None


class RunSummary(Model, frozen=True):
    """A run in a list. Its `prompt` is cut to 200 characters."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("id", "status", "prompt", "steps", "started_at", "agent_id")

    object: str = ""
    id: Annotated[str, About("the run", column="run_id")] = ""
    agent_id: Annotated[str, About("the agent")] = ""
    status: Annotated[str, About("the status, as the server reports it", words=tuple(STATUS_LABELS))] = "running"
    prompt: str = ""
    model: Annotated[str, About("the model that ran", words=MODELS)] = ""
    steps: Steps = Steps()
    started_at: Annotated[datetime | None, About("when the run started")] = None
    completed_at: Annotated[datetime | None, About("when the run ended; missing while it is running")] = None


class RunRequest(Model, frozen=True):
    """The request of a run: the full prompt, the model and the focus tables."""

    prompt: Annotated[str, About("the full brief; in lists its first 200 characters")] = ""
    model: str = ""
    focus_table_ids: tuple[str, ...] = ()


class Action(Model, frozen=True):
    """One change that a run made. Which fields are set depends on `type`."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("type", "table_name", "column_name", "count", "lead_count")

    type: Annotated[str, About("what was done", words=ACTION_TYPES, column="action")] = ""
    table_id: Annotated[str, About("the table that was changed")] = ""
    table_name: Annotated[str | None, About("the name of the table; if missing, looked up in the tables")] = None
    column_id: Annotated[str | None, About("the column that was added")] = None
    column_name: Annotated[str | None, About("the heading of the column; if missing, looked up in the tables")] = None
    count: Annotated[int | None, About("deleted or restored", "leads or columns")] = None
    lead_count: Annotated[int | None, About("added", "leads", "leads_added")] = None
    deleted_at: Annotated[datetime | None, About("when it was deleted")] = None


class Question(Model, frozen=True):
    """A question of the agent. Free text is always allowed as an answer."""

    type: str = ""
    question: str = ""
    suggested_answers: tuple[str, ...] = ()
    freeform_option: str = "Or something else"

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Read `question` from `text`, where some responses have it."""
        return {**raw, "question": raw["text"]} if "question" not in raw and "text" in raw else raw


class Suggestion(Model, frozen=True):
    """A next action that the agent suggests. `type` is None for a plain suggestion."""

    label: str = ""
    type: str | None = None
    table_slug: str | None = None


class Todo(Model, frozen=True):
    """What the user can do next: answer questions, follow suggestions."""

    pending_questions: tuple[Question, ...] = ()
    next_actions: tuple[Suggestion, ...] = ()

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Accept plain strings for questions and suggestions, as some responses have them."""
        return {
            **raw,
            **_objects(raw, "pendingQuestions", "question"),
            **_objects(raw, "nextActions", "label"),
        }


class ToolCall(Model, frozen=True):
    """A tool call in the transcript."""

    id: str = ""
    name: str = ""
    input: Any = None


class TranscriptMessage(Model, frozen=True):
    """A message of the transcript. Messages have no timestamps."""

    role: Annotated[str | None, About("who wrote it", words=ROLES)] = None
    content: Annotated[str | None, About("the text")] = None
    tool_calls: Annotated[tuple[ToolCall, ...], About("JSON: a list of `id`, `name` and `input`")] = ()
    tool_call_id: Annotated[str | None, About("the call that this message answers")] = None
    name: Annotated[str | None, About("the tool that answers", column="tool_name")] = None
    result: Annotated[str | None, About("the answer of the tool")] = None
    truncated: Annotated[bool | None, About("whether this message was cut")] = None


class Response(Model, frozen=True):
    """The results of a run, so far or final."""

    text: str | None = None
    actions: tuple[Action, ...] = ()
    tables: tuple[Table, ...] = ()
    transcript: tuple[TranscriptMessage, ...] | None = None
    transcript_truncated: bool = False


class RunObject(RunSummary, frozen=True):
    """A run as `GET /agents/{id}/runs/{runId}` returns it."""

    workspace_id: str = ""
    request: RunRequest = RunRequest()
    response: Response | None = None
    todo: Todo = Todo()

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Read the actions of a running run from the top level, where some responses have them."""
        response = raw.get("response")
        if isinstance(raw.get("actions"), list) and not (isinstance(response, dict) and "actions" in response):
            return {**raw, "response": {**(response if isinstance(response, dict) else {}), "actions": raw["actions"]}}
        return raw


def _objects(raw: JsonObject, key: str, field: str) -> JsonObject:
    items = raw.get(key)
    if not isinstance(items, list):
        return {}
    return {key: [{field: item} if isinstance(item, str) else item for item in items]}


class AgentSummary(Model, frozen=True):
    """An agent, as in the response to its creation."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "id", "created_at")

    object: str = ""
    id: str = ""
    name: str = ""
    workspace_id: str = ""
    created_at: datetime | None = None


class Agent(AgentSummary, frozen=True):
    """An agent with a summary of its newest run."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "id", "created_at", "last_run")

    api_key_owned: bool | None = None
    last_run: RunSummary | None = None


class Workspace(Model, frozen=True):
    """The workspace of an agent or of an uploaded table; of an agent often the agent itself."""

    object: str = ""
    id: str = ""
    name: str = ""
    url: str = ""
    created_at: datetime | None = None
    created_by_api: bool | None = None


class CreatedAgent(Model, frozen=True):
    """A new agent with its first run."""

    agent: AgentSummary = AgentSummary()
    run: RunObject = RunObject()
    workspace: Workspace | None = None
