"""The TypeScript types of the view are generated from the Python contract and not out of date."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import get_type_hints

ROOT = Path(__file__).resolve().parents[3]
TOOL = runpy.run_path(str(ROOT / "js" / "tools" / "generate_contract.py"))


def test_the_generated_types_are_those_of_the_contract() -> None:
    written = (ROOT / "js" / "src" / "contract.ts").read_text(encoding="utf-8")
    assert written == TOOL["generate"](), "Run `python js/tools/generate_contract.py` and commit js/src/contract.ts."


def test_every_field_of_every_section_reaches_typescript() -> None:
    written = TOOL["generate"]()
    modules = TOOL["load"]()
    own = {module.__name__ for module in modules}
    named = {name: value for module in modules for name, value in vars(module).items()}
    types = {name: value for name, value in named.items() if getattr(value, "__module__", "") in own}
    assert {"View", "Head", "TableView", "LeadsAnswer", "CommandMessage"} <= set(types)
    for name, cls in types.items():
        for field in get_type_hints(cls):
            assert f"\n  {field}: " in written or f"\n  {field}?: " in written, f"{name}.{field}"
