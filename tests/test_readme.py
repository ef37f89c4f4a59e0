"""The README's examples are run as they stand, on the sandbox."""

import re
from functools import partial
from pathlib import Path

import origami_widgets as ow

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_examples_run(tmp_path, monkeypatch, clock):
    monkeypatch.chdir(tmp_path)
    # On this clock, too: else its rate limit would last for a minute that the client has skipped.
    monkeypatch.setattr(ow, "use_sandbox", partial(ow.use_sandbox, clock=clock.time))
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(blocks) == 4
    names = {}
    try:
        for block in blocks:
            token = names["run"].token if "run" in names else ""
            exec(block.replace("AGENT_ID/RUN_ID", token), names)  # noqa: S102 - our own examples
    finally:
        ow.configure()
    assert names["run"].status in {"running", "completed", "cancelled"}
    assert (tmp_path / "founders.xlsx").exists()


def test_what_it_points_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []
