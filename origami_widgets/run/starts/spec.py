"""`StartSpec`: what a call of `start`, `answer` or `follow_up` asks for. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from origami_widgets.api import validate


@dataclass(frozen=True)
class StartSpec:
    """Checked arguments of a start request.

    Args:
        prompt: the brief.
        agent_id: the agent to continue; None for a new one.
        name: the name of a new agent; None lets the server choose one.
        model: the model; None for the plan's default.
        focus_tables: tables to work on, or their ids; kept as ids.
        given: what stands for the prompt and the focus tables in a fingerprint; empty for these themselves.

    Attributes:
        focus_marks: what stands for the focus tables in a fingerprint: of an uploaded list its upload, as the next list
            may go into the same table.

    Raises:
        InvalidInput: an argument is not valid.
    """

    prompt: str
    agent_id: str | None = None
    name: str | None = None
    model: str | None = None
    focus_tables: Iterable[Any] = ()
    given: tuple[str, ...] = ()
    focus_marks: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        tables = validate.tables(self.focus_tables)
        ids = tuple(validate.table_ids(tables))
        checked = {
            "agent_id": None if self.agent_id is None else validate.agent_id(self.agent_id),
            "focus_tables": ids,
            "focus_marks": tuple(
                getattr(each, "upload_id", table_id) for each, table_id in zip(tables, ids, strict=True)
            ),
            "prompt": validate.prompt(self.prompt),
            "name": validate.agent_name(self.name),
            "model": validate.model(self.model),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def fingerprint(self, salt: str) -> str:
        """Return a digest of prompt, name, model and focus tables.

        Args:
            salt: makes digests of equal specs differ between files, so that files cannot be compared.
        """
        asked = (self.given or self.prompt, self.name, self.model, () if self.given else self.focus_marks)
        return hashlib.blake2b(msgspec.json.encode(asked), key=salt.encode()[:64], digest_size=16).hexdigest()
