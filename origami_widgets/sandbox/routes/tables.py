"""Tables, their columns, rows and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.sandbox import errors
from origami_widgets.sandbox.bodies import is_uuid
from origami_widgets.sandbox.context import Answer, Context, reply
from origami_widgets.sandbox.objects import column_meta, table_object
from origami_widgets.sandbox.paging import MOST_ROWS, cut_page, envelope
from origami_widgets.sandbox.rows import csv_rows, flat_row, typed_cell, typed_row
from origami_widgets.sandbox.rows_query import read_filters, read_sort, saved_filters, saved_sort, select

if TYPE_CHECKING:
    from origami_widgets.sandbox.life import Lead, TableLife

_CHOICES = {"cells": ("flat",), "format": ("csv",), "defaults": ("true", "false")}


def list_tables(context: Context) -> Answer:
    """Answer GET /tables, newest first; `workspaceId` is the id of a container or of an agent in it."""
    workspace = context.query.get("workspaceId")
    if workspace is not None:
        if not is_uuid(workspace):
            raise errors.invalid(("workspaceId", "Expected a UUID"))
        # The id of an archived agent still names its container: the tables stay.
        workspace = context.world.container(workspace.lower(), context.project) or workspace.lower()
    tables = context.world.tables_of(context.project, context.now, workspace)[::-1]
    page, cursor = cut_page(tables, context.page(100, workspace), lambda table: table.id)
    items = [table_object(table, context.now, stats=False) for table in page]
    return reply(envelope(items, cursor, context.path))


def get_table(context: Context) -> Answer:
    """Answer GET /tables/{tableId}."""
    return reply(table_object(_table(context), context.now, stats="stats" in context.include))


def list_columns(context: Context) -> Answer:
    """Answer GET /tables/{tableId}/columns, never in pages."""
    columns = _table(context).columns_at(context.now)
    return reply(envelope([column_meta(column) for column in columns], None, context.path))


def list_rows(context: Context) -> Answer:
    """Answer GET /tables/{tableId}/rows; own filters and sort take the place of the saved ones."""
    table, query, now = _table(context), context.query, context.now
    wrong = [
        (name, "Expected " + " or ".join(choices))
        for name, choices in _CHOICES.items()
        if name in query and query[name] not in choices
    ]
    if wrong:
        raise errors.invalid(*wrong)
    columns = table.columns_at(now)
    by_slug = {column.slug: column for column in columns if column.slug is not None}
    defaults = query.get("defaults") != "false"
    filters = saved_filters(table, by_slug) if defaults else []
    sort = saved_sort(table, by_slug) if defaults else None
    if "filters" in query:
        filters = read_filters(query["filters"], by_slug)
    if "sort" in query:
        sort = read_sort(query["sort"], by_slug)
    leads = select(table.rows_at(now), filters, sort, now)
    request = context.page(MOST_ROWS, query.get("filters"), query.get("sort"), query.get("defaults"))
    page, cursor = cut_page(leads, request, lambda lead: lead.id)
    if query.get("format") == "csv":
        return Answer(200, csv_rows(page, columns, now).encode(), media_type="text/csv; charset=utf-8")
    make = flat_row if query.get("cells") == "flat" else typed_row
    return reply(envelope([make(lead, columns, now) for lead in page], cursor, context.path, total=len(leads)))


def get_row(context: Context) -> Answer:
    """Answer GET /tables/{tableId}/rows/{rowId}."""
    table = _table(context)
    return reply(typed_row(_lead(context, table), table.columns_at(context.now), context.now))


def get_cell(context: Context) -> Answer:
    """Answer GET /tables/{tableId}/rows/{rowId}/cells/{columnId}."""
    table = _table(context)
    lead = _lead(context, table)
    for column in table.columns_at(context.now):
        if column.id == context.params["columnId"]:
            return reply(typed_cell(column, lead, context.now))
    raise errors.not_found("column")


def _table(context: Context) -> TableLife:
    return context.world.table(context.params["tableId"], context.project, context.now)


def _lead(context: Context, table: TableLife) -> Lead:
    for lead in table.rows_at(context.now):
        if lead.id == context.params["rowId"]:
            return lead
    raise errors.not_found("row")
