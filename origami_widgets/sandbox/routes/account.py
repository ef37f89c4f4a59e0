"""The organization's plan and wallet."""

from __future__ import annotations

from origami_widgets.sandbox.context import Answer, Context, reply


def get_account(context: Context) -> Answer:
    """Answer GET /account."""
    plan = context.world.plan
    return reply(
        {
            "object": "account",
            "organization": {"id": context.world.organization_id, "name": "Sandbox organization"},
            "plan": {"id": plan.id, "name": plan.name},
            "capabilities": {
                "canUseApi": True,
                "canRunScheduledTasks": plan.id != "starter",
                "concurrentAgents": plan.concurrent,
            },
            "workspaces": {"used": len(context.world.agents), "limit": None},
        }
    )


def get_credits(context: Context) -> Answer:
    """Answer GET /account/credits."""
    return reply({"object": "credits", "balance": context.world.balance(context.now), "currency": "credits"})
