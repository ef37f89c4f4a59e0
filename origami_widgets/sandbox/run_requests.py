"""Bodies of requests: read as JSON tolerantly, then checked field by field, and against the plan. Errors name every wrong field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert
from msgspec.structs import fields

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.scenarios import SCENARIOS, parse_scenario
from origami_widgets.words.foreign_text import unicode_text

if TYPE_CHECKING:
    from origami_widgets.sandbox.timelines import ModelName

ModelAlias = Literal["origami-lite", "origami-max", "origami-fast", "origami-mid"]
"""Model names allowed in a request; the last two mean `origami-lite`."""


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    """One plan: `concurrent` runs at a time (None: unlimited), its models (the best one last), and the cap on the steps of a run."""

    id: str
    name: str
    concurrent: int | None
    models: tuple[ModelName, ...]
    max_steps: int


_BOTH: tuple[ModelName, ...] = ("origami-lite", "origami-max")
PLANS = {
    plan.id: plan
    for plan in (
        SandboxPlan("starter", "Starter", 1, ("origami-lite",), 30),
        SandboxPlan("pro", "Pro", 3, _BOTH, 50),
        SandboxPlan("scale", "Scale", 10, _BOTH, 75),
        SandboxPlan("ultra", "Ultra", 20, _BOTH, 100),
        SandboxPlan("enterprise", "Enterprise", None, _BOTH, 200),
    )
}


MAX_BODY_BYTES = 4 << 20
"""Bytes of a request body that are accepted. Only uploads come near them."""

BodyT = TypeVar("BodyT", bound=Struct)
_UUID = r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\Z"
Uuid = Annotated[str, Meta(pattern=_UUID)]
Slug = Annotated[str, Meta(min_length=1)]


class AttachedTable(Struct, tag_field="kind", tag="table", rename="camel"):
    """A table that a prompt refers to."""

    table_id: Uuid


class AttachedDocument(Struct, tag_field="kind", tag="document", rename="camel"):
    """A document that a prompt refers to."""

    document_id: Uuid


class RunBody(Struct, rename="camel"):
    """The request for a run. Ids are as they were sent, in upper or lower case."""

    prompt: Annotated[str, Meta(min_length=1, max_length=10_000)]
    focus_table_ids: Annotated[list[Uuid], Meta(max_length=50)] = []
    attachments: Annotated[list[AttachedTable | AttachedDocument], Meta(max_length=20)] = []
    model: ModelAlias | UnsetType = UNSET

    def __post_init__(self) -> None:
        # Half of a surrogate pair is valid in JSON, but in no other encoding.
        self.prompt = unicode_text(self.prompt)

    @property
    def model_name(self) -> ModelName | None:
        """The model that is asked for; None for the plan's best."""
        if self.model is UNSET:
            return None
        return "origami-max" if self.model == "origami-max" else "origami-lite"

    @property
    def attached_tables(self) -> list[str]:
        """The ids of the attached tables."""
        return [each.table_id for each in self.attachments if isinstance(each, AttachedTable)]

    @property
    def attached_documents(self) -> list[str]:
        """The ids of the attached documents."""
        return [each.document_id for each in self.attachments if isinstance(each, AttachedDocument)]

    @property
    def merged_table_ids(self) -> tuple[str, ...]:
        """The focus tables as they were sent, then the attached tables that are not focus tables."""
        named = {table_id.lower() for table_id in self.focus_table_ids}
        return (*self.focus_table_ids, *(each for each in self.attached_tables if each.lower() not in named))


class AgentBody(RunBody):
    """The request for the first run of a new agent."""

    name: Annotated[str, Meta(max_length=80)] = ""
    workspace_id: Uuid | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.name = unicode_text(self.name).strip()


class CancelBody(Struct, rename="camel"):
    """The request to stop the cells of some columns, or of the whole table."""

    columns: Annotated[list[Slug], Meta(min_length=1, max_length=10_000)] | UnsetType = UNSET
    dry_run: bool = False


RunBodyT = TypeVar("RunBodyT", bound=RunBody)


def is_uuid(value: str) -> bool:
    """Return whether a text is a UUID with its hyphens."""
    return re.fullmatch(_UUID, value) is not None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def read_body(body: bytes, kind: type[BodyT]) -> BodyT:
    """Read a body. Unknown fields are ignored.

    Raises:
        ErrorResponse: the body is not valid, with every wrong field named.
    """
    try:
        # JSON has no NaN and Infinity, which `json` reads as well.
        data = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise error_responses.invalid(("", "Request body isn't valid JSON")) from None
    if not isinstance(data, dict):
        raise error_responses.invalid(("", "Expected a JSON object"))
    issues = []
    for field in fields(kind):
        name = field.encode_name
        if name not in data:
            issues += [(name, "Required")] if field.required else []
            continue
        try:
            convert(data[name], field.type)
        except ValidationError as error:
            issues.append(_issue(name, str(error), field.type))
    if issues:
        raise error_responses.invalid(*issues)
    return convert(data, kind)


def _issue(name: str, problem: str, kind: Any) -> tuple[str, str]:
    """Return the path of what is wrong in a field, and the problem with it.

    Args:
        name: the field's name.
        problem: what msgspec says.
        kind: the field's type.
    """
    problem, _, place = problem.partition(" - at `$")
    path = name + re.sub(r"\[(\d+)\]", r".\1", place.rstrip("`"))
    choices = [choice for each in (kind, *get_args(kind)) for choice in get_args(each) if isinstance(choice, str)]
    if "enum value" in problem and choices:
        return path, f"Expected one of {', '.join(choices)}"
    return path, "Expected a UUID" if "matching regex" in problem else problem


def parse_run_request(body: bytes, plan: SandboxPlan, kind: type[RunBodyT]) -> RunBodyT:
    """Read the body of a POST that starts a run.

    Raises:
        ErrorResponse: the body is not valid, with every wrong field named, or the plan lacks the model.
    """
    request = read_body(body, kind)
    try:
        parse_scenario(request.prompt)
    except LookupError as unknown:
        known = ", ".join(SCENARIOS)
        problem = f"Unknown scenario {unknown.args[0]!r}. Scenarios: {known}"
        raise error_responses.invalid(("prompt", problem)) from None
    model = request.model_name
    if model is not None and model not in plan.models:
        raise error_responses.refusal("MODEL_NOT_AVAILABLE", f"{model} isn't available on the {plan.name} plan")
    return request
