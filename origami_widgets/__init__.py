"""See, steer and analyse Origami research agents from a notebook.

>>> import origami_widgets as ow
>>> client = ow.Sandbox(speed=600).client()
>>> run = ow.start("List bakeries in Porto with a web shop", client=client, show=False)
>>> frame = ow.columns_frame(run.wait("cells"))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from origami_widgets._version import __version__ as __version__

if TYPE_CHECKING:
    from origami_widgets import aio as aio
    from origami_widgets import errors as errors
    from origami_widgets.api.client import AsyncClient as AsyncClient
    from origami_widgets.api.client import Client as Client
    from origami_widgets.api.errors import OrigamiError as OrigamiError
    from origami_widgets.card.widgets.lead_grid import LeadGrid as LeadGrid
    from origami_widgets.card.widgets.lead_grid import leads as leads
    from origami_widgets.card.widgets.run_board import RunBoard as RunBoard
    from origami_widgets.card.widgets.run_card import RunCard as RunCard
    from origami_widgets.compose import use_sandbox as use_sandbox
    from origami_widgets.enrichment import enrich as enrich
    from origami_widgets.frames import actions_frame as actions_frame
    from origami_widgets.frames import columns_frame as columns_frame
    from origami_widgets.frames import credits_frame as credits_frame
    from origami_widgets.frames import describe_leads as describe_leads
    from origami_widgets.frames import domain_of as domain_of
    from origami_widgets.frames import evidence_frame as evidence_frame
    from origami_widgets.frames import export as export
    from origami_widgets.frames import join_leads as join_leads
    from origami_widgets.frames import lead_sources_frame as lead_sources_frame
    from origami_widgets.frames import leads_frame as leads_frame
    from origami_widgets.frames import overlap as overlap
    from origami_widgets.frames import plain as plain
    from origami_widgets.frames import refresh_leads as refresh_leads
    from origami_widgets.frames import runs_frame as runs_frame
    from origami_widgets.frames import tables_frame as tables_frame
    from origami_widgets.frames import transcript_frame as transcript_frame
    from origami_widgets.frames.plots import plot as plot
    from origami_widgets.ledger import new_leads as new_leads
    from origami_widgets.run.batch import RunBatch as RunBatch
    from origami_widgets.run.doctor import doctor as doctor
    from origami_widgets.run.handle import Run as Run
    from origami_widgets.run.own_list.uploaded_table import UploadedTable as UploadedTable
    from origami_widgets.run.settings import account as account
    from origami_widgets.run.settings import configure as configure
    from origami_widgets.run.settings import login as login
    from origami_widgets.run.start import attach as attach
    from origami_widgets.run.start import start as start
    from origami_widgets.run.start import start_many as start_many
    from origami_widgets.sandbox import Sandbox as Sandbox
    from origami_widgets.uploading import upload as upload

# Names resolve on first use, so that importing the package costs next to nothing.
_MODULES: dict[str, tuple[str, ...]] = {
    "aio": ("aio",),
    "api.client": ("AsyncClient", "Client"),
    "api.errors": ("OrigamiError",),
    "card.widgets.lead_grid": ("LeadGrid", "leads"),
    "card.widgets.run_board": ("RunBoard",),
    "card.widgets.run_card": ("RunCard",),
    "compose": ("use_sandbox",),
    "enrichment": ("enrich",),
    "errors": ("errors",),
    "frames": (
        *("actions_frame", "columns_frame", "credits_frame", "describe_leads", "domain_of", "evidence_frame", "export"),
        *("join_leads", "lead_sources_frame", "leads_frame", "overlap", "plain", "refresh_leads", "runs_frame"),
        *("tables_frame", "transcript_frame"),
    ),
    "frames.plots": ("plot",),
    "ledger": ("new_leads",),
    "run.batch": ("RunBatch",),
    "run.doctor": ("doctor",),
    "run.handle": ("Run",),
    "run.own_list.uploaded_table": ("UploadedTable",),
    "run.settings": ("account", "configure", "login"),
    "run.start": ("attach", "start", "start_many"),
    "sandbox": ("Sandbox",),
    "uploading": ("upload",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

# What IPython calls for `%load_ext origami_widgets`, what `run` asks for, and what `cli` calls. Not public otherwise.
_HOOKS = {
    "display_backend": "card.widgets.display",
    "hand_over": "ledger",
    "history_frame": "frames.run_frames",
    "load_ipython_extension": "magics.extension",
    "unload_ipython_extension": "magics.extension",
}

__all__ = [*sorted(_HOMES), "__version__"]  # noqa: PLE0604 - the names of the table above, nothing else


def __getattr__(name: str) -> object:
    """Import a public name from its module on first use."""
    home = _HOMES.get(name) or _HOOKS.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_near(name)}")
    module = importlib.import_module(f"{__name__}.{home}")
    value = module if home == name else getattr(module, name)
    globals()[name] = value
    return value


def _near(name: str) -> str:
    """Return a suggestion for a mistyped public name, as the end of a message. IPython adds none itself."""
    import difflib

    near = [] if name.startswith("_") else difflib.get_close_matches(name, _HOMES, n=1, cutoff=0.7)
    return f". Did you mean: {near[0]!r}?" if near else ""


def __dir__() -> list[str]:
    return sorted(__all__)
