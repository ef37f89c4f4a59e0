"""The plans of an organization, with their limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModelName = Literal["origami-lite", "origami-max"]
ModelAlias = Literal["origami-lite", "origami-max", "origami-fast", "origami-mid"]
"""Model names allowed in a request; the last two mean `origami-lite`."""


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    """One plan: `concurrent` runs at a time (None: unlimited), its models, and the cap on the steps of a run."""

    id: str
    name: str
    concurrent: int | None
    models: tuple[ModelName, ...]
    max_steps: int

    @property
    def default_model(self) -> ModelName:
        """The best model of the plan."""
        return self.models[-1]


_LITE: tuple[ModelName, ...] = ("origami-lite",)
_BOTH: tuple[ModelName, ...] = ("origami-lite", "origami-max")
PLANS = {
    plan.id: plan
    for plan in (
        SandboxPlan("starter", "Starter", 1, _LITE, 30),
        SandboxPlan("pro", "Pro", 3, _BOTH, 50),
        SandboxPlan("scale", "Scale", 10, _BOTH, 75),
        SandboxPlan("ultra", "Ultra", 20, _BOTH, 100),
        SandboxPlan("enterprise", "Enterprise", None, _BOTH, 200),
    )
}
