"""The scripts that runs follow, one per scenario."""

from origami_widgets.sandbox.scripts.catalog import SCENARIOS, Refusal, direct, scenario_of

__all__ = ["SCENARIOS", "Refusal", "direct", "scenario_of"]
