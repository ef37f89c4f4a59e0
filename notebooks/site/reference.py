"""The pages of the reference: which public name is on which page."""

# ruff: noqa: INP001 - a folder of scripts

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, NamedTuple

import origami_widgets
from notebooks.site import listings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALONE = {"__version__"}
"""Public names that need no words."""


class Group(NamedTuple):
    """A page of the reference.

    Args:
        file: its file, without folder and ending.
        title: its heading.
        about: one sentence below it.
        names: the public names on it, in reading order.
        modules: modules whose classes stand below them.
        listing: returns Markdown for the end of the page.
    """

    file: str
    title: str
    about: str
    names: tuple[str, ...]
    modules: tuple[str, ...] = ()
    listing: Callable[[], str] | None = None


GROUPS = (
    Group(
        "runs",
        "Runs",
        "Start a run, find one again, wait for it, steer it.",
        ("start", "attach", "Run", "start_many", "RunBatch", "aio"),
        ("origami_widgets.run.credits",),
    ),
    Group(
        "cards",
        "Cards and boards",
        "Widgets that show runs, and the traits that you can observe.",
        ("RunCard", "RunBoard"),
    ),
    Group(
        "account",
        "Key, account, settings",
        "The API key, plan and credits of your account, and the defaults of calls without `client=`.",
        ("login", "account", "AccountSummary", "PastedKey", "configure", "doctor"),
    ),
    Group(
        "frames",
        "Frames",
        "The results of a run as pandas DataFrames. [The frames, column by column](../frames.md) lists every column with its dtype and unit.",
        (
            *("runs_frame", "tables_frame", "columns_frame", "lead_sources_frame", "actions_frame"),
            *("transcript_frame", "history_frame", "credits_frame"),
        ),
    ),
    Group(
        "leads",
        "Leads",
        "The rows of a table: as a live grid, or as a typed DataFrame.",
        (
            *("leads", "LeadGrid", "rows_frame", "leads_frame", "overlap"),
            *("domain_of", "describe_leads", "evidence_frame", "refresh_leads", "plain"),
            "IncompleteRows",
        ),
    ),
    Group(
        "own-list",
        "Your own list",
        "Upload a list of your own, have an agent add columns to it, and get the same rows back.",
        ("enrich", "EnrichmentFailed", "upload", "UploadedTable", "join_leads"),
    ),
    Group(
        "economics",
        "Economics",
        "What leads cost, what the next ones would cost, and how runs differ.",
        ("economics_frame", "column_economics_frame", "lead_source_economics_frame", "compare_runs"),
    ),
    Group(
        "plots",
        "Plots",
        "Altair charts, for light and dark pages (extra: `plots`).",
        ("plot_funnel", "plot_credits", "plot_compare"),
    ),
    Group("files", "Files", "Excel, CSV and Parquet (extras: `excel`, `parquet`).", ("export",)),
    Group(
        "client",
        "Client",
        "The API itself, blocking or as coroutines, for everything that the rest of the package does not cover.",
        ("Client", "AsyncClient"),
        listing=listings.objects,
    ),
    Group(
        "errors",
        "Errors",
        "Every error says what happened, why, and what to do. All are `OrigamiError`s.",
        ("OrigamiError", "AmbiguousStart", "ContinuedElsewhere"),
        ("origami_widgets.api.errors",),
        listings.codes,
    ),
    Group(
        "sandbox",
        "Sandbox",
        "An Origami API in this process: no account, no credits, no network.",
        ("use_sandbox", "Sandbox"),
    ),
    Group(
        "magics",
        "Magics",
        "`%load_ext origami_widgets` adds `%%origami` and `%origami` to a notebook.",
        (),
        listing=listings.magics,
    ),
    Group(
        "commands",
        "Command line",
        "`origami-widgets` watches and exports runs without a notebook.",
        (),
        listing=listings.commands,
    ),
)


OF_SEVERAL_MODULES = ("Client", "Run")


def without_a_place(public: Sequence[str] | None = None) -> list[str]:
    """The public names that no group of the reference lists."""
    names = origami_widgets.__all__ if public is None else public
    listed = {name for group in GROUPS for name in group.names}
    return sorted(set(names) - listed - ALONE)


def reference_page(group: Group) -> str:
    """The Markdown of a group's page: a heading, and the places where the docstrings go."""
    names = [name for name in group.names if name in origami_widgets.__all__]
    parts = [f"# {group.title}", group.about, *map(_public, names)]
    parts += [_block(path) for module in group.modules for path in _classes(module, group.names)]
    parts += [group.listing()] if group.listing is not None else []
    return "\n\n".join(parts) + "\n"


def _public(name: str) -> str:
    """Return the block of a public name; of a class of several modules with the members of its bases."""
    more = "\n    options:\n        inherited_members: true" if name in OF_SEVERAL_MODULES else ""
    return f"::: origami_widgets.{name}{more}"


def _classes(module: str, listed: Sequence[str]) -> list[str]:
    """All classes of a module but those that have been shown."""
    return [
        f"{module}.{name}"
        for name, member in vars(importlib.import_module(module)).items()
        if inspect.isclass(member) and member.__module__ == module and name[0] != "_" and name not in listed
    ]


def _block(path: str) -> str:
    """Return the block of a class without its constructor, because users never call it."""
    return f"::: {path}\n    options:\n        heading_level: 3\n        merge_init_into_class: false"


def pages() -> dict[str, str]:
    """All pages of the reference by their place in the site."""
    return {f"reference/{group.file}.md": reference_page(group) for group in GROUPS}


def places() -> dict[str, str]:
    """The page that describes each public name."""
    return {
        name: f"reference/{group.file}.html"
        for group in GROUPS
        for name in group.names
        if name in origami_widgets.__all__
    }
