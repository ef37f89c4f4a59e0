"""The TypeScript types of the view are generated from the Python contract and not out of date."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOOL = runpy.run_path(str(ROOT / "js" / "tools" / "generate_contract.py"))


def test_the_generated_types_are_those_of_the_contract() -> None:
    written = (ROOT / "js" / "src" / "contract.ts").read_text(encoding="utf-8")
    assert written == TOOL["generate"](), "Run `python js/tools/generate_contract.py` and commit js/src/contract.ts."
