"""Tables, columns and rows as the API lists them, and what the frames made of them say of themselves."""

from tests.support.server import answer

BUSY = [answer({"error": "slow", "code": "RATE_LIMITED"}, 429)] * 4


def lead_table(table_id="t1", count=2, **fields):
    known = {"object": "table", "id": table_id, "name": f"Table {table_id}", "leadCount": count, "columns": []}
    return known | fields


def columns(*slugs, kind="input", **headings):
    """The answer with the columns of a table: those whose heading is their slug, then headings by slug."""
    named = {**dict.fromkeys(slugs), **headings}.items()
    return page(*({"object": "column", "id": s, "name": name or s, "slug": s, "kind": kind} for s, name in named))


def page(*items, cursor=None, total=None):
    """The answer with a page of what is listed."""
    return answer({"object": "list", "items": list(items), "nextCursor": cursor, "total": total, "url": ""})


def about(frame):
    return frame.attrs["origami"]


def ids(frame):
    return frame["row_id"].to_list()
