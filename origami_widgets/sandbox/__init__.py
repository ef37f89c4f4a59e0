"""An embedded, deterministic Origami API: no account, no credits, no network."""

from origami_widgets.sandbox.embedded import Sandbox
from origami_widgets.sandbox.organization import PROJECT_ID
from origami_widgets.sandbox.scenarios import SCENARIOS

__all__ = ["PROJECT_ID", "SCENARIOS", "Sandbox"]
