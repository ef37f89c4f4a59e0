"""How a script becomes the life of a run: its steps, its messages, its last words, and an earlier end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.run_life import Happening, RunLife
from origami_widgets.sandbox.scripts.stage import Story

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from origami_widgets.sandbox.life import TableLife
    from origami_widgets.sandbox.scripts.stage import Stage

GO_ON: tuple[Mapping[str, Any], ...] = ({"label": "Continue where you stopped"},)


def finish(
    stage: Stage,
    *,
    lasts: float,
    steps: int,
    text: str | None,
    status: str = "completed",
    talk: Sequence[Happening] = (),
    questions: tuple[Mapping[str, Any], ...] = (),
    suggestions: tuple[Mapping[str, Any], ...] = (),
) -> Story:
    """Close a script that takes `lasts` simulated seconds and at most `steps` steps."""
    brief = stage.brief
    # The cap belongs to `step_cap_hit` alone; any other run stays below it.
    steps = min(steps, brief.steps_max if status == "step_cap_hit" else brief.steps_max - 1)
    ends = stage.at(lasts)
    messages = [Happening(brief.pace.start, {"role": "user", "content": brief.prompt}), *talk]
    if text is not None:
        messages.append(Happening(ends, {"role": "assistant", "content": text}))
    run = RunLife(
        id=brief.run_id,
        agent_id=brief.agent_id,
        container=brief.container,
        prompt=brief.prompt,
        model=brief.model,
        focus_table_ids=brief.focus_table_ids,
        steps_max=brief.steps_max,
        starts=brief.pace.start,
        ends=ends,
        step_moments=tuple(stage.at(lasts * (step + 0.7) / steps) for step in range(steps)),
        status=status,
        text=text,
        actions=tuple(sorted(stage.actions, key=lambda action: action.at)),
        messages=tuple(messages),
        questions=questions,
        suggestions=suggestions,
        form=brief.form,
    )
    return Story(run, dict(stage.tables))


def stop_early(story: Story, at: float, *, status: str, text: str | None) -> Story:
    """End a story at a wall moment; what was done stays, what was planned is dropped."""
    run = story.run.cut(at, status=status, text=text, suggestions=GO_ON)
    return Story(run, cut_tables(story.tables, run.id, at))


def cut_tables(tables: Mapping[str, TableLife], run_id: str, at: float) -> dict[str, TableLife]:
    """Cut every table of a run that ends at a moment; tables that would come later are left out."""
    cut = {table_id: table.cut(run_id, at) for table_id, table in tables.items()}
    return {table_id: table for table_id, table in cut.items() if table is not None}


def plan_talk(stage: Stage, parts: Iterable[str], seconds: float = 3.0) -> list[Happening]:
    """Return the messages in which the agent presents its plan and goes on by itself."""
    call = f"call_{stage.rng.getrandbits(40):010x}"
    plan = {"title": stage.brief.subject.title, "steps": list(parts)}
    return [
        Happening(
            stage.at(seconds),
            {
                "role": "assistant",
                "content": "Here is how I will go about it.",
                "toolCalls": [{"id": call, "name": "present-plan", "input": plan}],
            },
        ),
        Happening(
            stage.at(seconds + 0.5),
            {"role": "tool", "toolCallId": call, "name": "present-plan", "result": "Plan shown."},
        ),
    ]


def said_so_far(tables: Mapping[str, TableLife], at: float) -> str:
    """Say in a sentence what exists at a moment."""
    if not tables:
        return "Nothing had been built yet."
    leads = sum(len(table.rows_at(at)) for table in tables.values())
    names = " and ".join(f"**{table.name}**" for table in tables.values())
    return f"Kept: {names}, {leads} leads in all."
