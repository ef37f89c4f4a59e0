"""`StartSpec`: the checked arguments of a start."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from origami_widgets.api import validate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True)
class StartSpec:
    """Checked arguments of a start request.

    Args:
        prompt: the brief.
        agent_id: the agent to continue; None for a new one.
        name: the name of a new agent; None lets the server choose one.
        model: the model; None for the plan's default.
        focus_tables: ids of tables to work on.
        known_runs: ids of the agent's runs that existed before the first request.

    Raises:
        InvalidInput: an argument is not valid.
    """

    prompt: str
    agent_id: str | None = None
    name: str | None = None
    model: str | None = None
    focus_tables: Iterable[str] = ()
    known_runs: Collection[str] = ()

    def __post_init__(self) -> None:
        checked = {
            "agent_id": None if self.agent_id is None else validate.agent_id(self.agent_id),
            "focus_tables": tuple(validate.table_ids(self.focus_tables)),
            "prompt": validate.prompt(self.prompt),
            "name": validate.agent_name(self.name),
            "model": validate.model(self.model),
            "known_runs": frozenset(self.known_runs),
        }
        for field, value in checked.items():
            object.__setattr__(self, field, value)

    def fingerprint(self, salt: str) -> str:
        """Return a digest of prompt, name, model and focus tables.

        Args:
            salt: makes digests of equal specs differ between files, so that files cannot be compared.
        """
        asked = (self.prompt, self.name, self.model, self.focus_tables)
        return hashlib.blake2b(msgspec.json.encode(asked), key=salt.encode()[:64], digest_size=16).hexdigest()
