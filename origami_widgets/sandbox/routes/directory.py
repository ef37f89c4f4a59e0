"""Which function answers which path and method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.sandbox.routes import account, agents, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.sandbox.context import Answer, Context

ROUTES: tuple[tuple[str, str, Callable[[Context], Answer]], ...] = (
    ("POST", "/agents", agents.create_agent),
    ("GET", "/agents", agents.list_agents),
    ("GET", "/agents/{id}", agents.get_agent),
    ("DELETE", "/agents/{id}", agents.archive_agent),
    ("POST", "/agents/{id}/runs", agents.send_run),
    ("GET", "/agents/{id}/runs", agents.list_runs),
    ("GET", "/agents/{id}/runs/{runId}", agents.get_run),
    ("POST", "/agents/{id}/cancel", agents.cancel_run),
    ("GET", "/agents/{id}/tables", agents.list_agent_tables),
    ("GET", "/tables", tables.list_tables),
    ("GET", "/tables/{tableId}", tables.get_table),
    ("GET", "/tables/{tableId}/columns", tables.list_columns),
    ("GET", "/tables/{tableId}/rows", tables.list_rows),
    ("GET", "/tables/{tableId}/rows/{rowId}", tables.get_row),
    ("GET", "/tables/{tableId}/rows/{rowId}/cells/{columnId}", tables.get_cell),
    ("GET", "/account", account.get_account),
    ("GET", "/account/credits", account.get_credits),
)
