"""Writes `js/src/contract.ts` from the contract of the view: the types, limits and words that the front end uses.

Run `python js/tools/generate_contract.py` after a change of the contract, or when the front end uses more of it; a test
fails when it was forgotten.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import types
from pathlib import Path
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("contract", "messages")
TARGET = ROOT / "js" / "src" / "contract.ts"

PRIMITIVES: dict[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    object: "unknown",
}


def load() -> list[types.ModuleType]:
    """The modules of the contract."""
    sys.path.insert(0, str(ROOT))
    return [importlib.import_module(f"origami_widgets.card.view.{name}") for name in SOURCES]


def is_named_tuple(value: object) -> bool:
    """Whether `value` is a class made by `NamedTuple`."""
    return isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")


class Writer:
    """Turns the names of modules into TypeScript declarations, in the order of their definition."""

    def __init__(self, modules: list[types.ModuleType]) -> None:
        named = [named for module in modules for named in vars(module).items()]
        public = {name: value for name, value in named if not name.startswith("_")}
        own = {module.__name__ for module in modules}
        self.classes = {
            name: value
            for name, value in public.items()
            if (is_typeddict(value) or is_named_tuple(value)) and value.__module__ in own
        }
        self.plain = {name: value for name, value in public.items() if type(value) in (int, str)}
        self.tuples = {name: value for name, value in public.items() if type(value) is tuple}
        self.aliases = {
            name: value
            for name, value in public.items()
            if get_origin(value) in (Literal, list, Union, types.UnionType)
        }

    def type_of(self, annotation: Any, *, within: str = "") -> str:
        """The TypeScript type of a Python annotation; `within` is the alias being defined, which can't name itself."""
        for name, value in self.aliases.items():
            if name != within and value == annotation:
                return name
        if annotation in PRIMITIVES:
            return PRIMITIVES[annotation]
        if isinstance(annotation, type) and annotation.__name__ in self.classes:
            return annotation.__name__
        return self.compound(annotation)

    def compound(self, annotation: Any) -> str:
        """The TypeScript type of what is made of other types."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Literal:
            return " | ".join(f'"{member}"' for member in arguments)
        parts = [self.type_of(argument) for argument in arguments]
        if origin is list:
            return f"({parts[0]})[]" if " " in parts[0] else f"{parts[0]}[]"
        if origin in (Union, types.UnionType):
            return " | ".join(parts)
        if origin is dict and arguments[0] is str:
            return f"Record<string, {parts[1]}>"
        raise SystemExit(f"The contract uses {annotation!r}, which js/tools/generate_contract.py can't translate.")

    def declaration(self, cls: type) -> str:
        """One interface, or one labelled tuple for a `NamedTuple`."""
        hints = get_type_hints(cls, include_extras=True)
        if is_named_tuple(cls):
            fields = "".join(f"\n  {name}: {self.type_of(hint)}," for name, hint in hints.items())
            return f"export type {cls.__name__} = [{fields}\n];\n"
        fields = ""
        for name, hint in hints.items():
            optional = get_origin(hint) is NotRequired
            fields += f"\n  {name}{'?' if optional else ''}: {self.type_of(get_args(hint)[0] if optional else hint)};"
        return f"export interface {cls.__name__} {{{fields}\n}}\n"

    def declarations(self) -> dict[str, str]:
        """Every declaration by its name."""
        found = {
            name: f"export type {name} = {self.type_of(value, within=name)};\n" for name, value in self.aliases.items()
        }
        found |= {name: self.declaration(cls) for name, cls in self.classes.items()}
        found |= {name: f"export const {name} = {text(value)};\n" for name, value in self.plain.items()}
        found |= {name: f"export const {name} = {json.dumps(value)} as const;\n" for name, value in self.tuples.items()}
        return found

    def module(self) -> str:
        """The whole file: what the front end names, and what that is made of."""
        found = self.declarations()
        needed, asked = set[str](), words_of_the_front_end()
        while asked := (asked & found.keys()) - needed:
            needed |= asked
            asked = {word for name in asked for word in re.findall(r"\w+", found[name])}
        parts = ["// Written by js/tools/generate_contract.py from origami_widgets/card/view/. Don't edit.\n"]
        parts += [declaration for name, declaration in found.items() if name in needed]
        sections = "".join(f'\n  "{name}",' for name in get_type_hints(self.classes["View"]))
        parts.append(
            f"/** The sections of the view: one trait each. */\nexport const SECTIONS = [{sections}\n] as const;\n"
        )
        return "\n".join(parts)


def words_of_the_front_end() -> set[str]:
    """All words of the TypeScript modules beside the contract."""
    modules = (path for path in TARGET.parent.rglob("*.ts") if path != TARGET)
    return {word for path in modules for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def text(value: int | str) -> str:
    """A number, or words as JSON."""
    return json.dumps(value, ensure_ascii=False)


def generate() -> str:
    """The text of `contract.ts` for the contract as it is now."""
    return Writer(load()).module()


if __name__ == "__main__":
    TARGET.write_text(generate(), encoding="utf-8")
    print(f"Wrote {TARGET.relative_to(ROOT)}.")
