"""An embedded, deterministic Origami API: no account, no credits, no network."""

from origami_widgets.sandbox.embedded import Sandbox
from origami_widgets.sandbox.scripts import SCENARIOS
from origami_widgets.sandbox.world import PROJECT_ID

__all__ = ["PROJECT_ID", "SCENARIOS", "Sandbox"]
