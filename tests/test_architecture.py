"""Imports go one way, and what is pure loads nothing heavy: the rules of the map in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "origami_widgets"
ROOT = Path(__file__).parents[1]
PARTS = {
    "words": {"words"},
    "host": {"host"},
    "api": {"words", "api", "host"},
    "run": {"words", "api", "host", "run"},
    "card": {"words", "api", "host", "run", "card", "frames"},
    "frames": {"words", "api", "frames"},
    "sandbox": {"words", "api", "sandbox"},
    "magics": {"words", "api", "host", "run", "card", "frames", "sandbox", "magics"},
    "cli": {"words", "api", "run", "card", "frames", "sandbox", "cli"},
}
TOP = {"__init__", "aio", "compose", "enrichment", "errors", "ledger", "uploading"}
WIDGETS = ("anywidget", "ipywidgets", "traitlets", "IPython")
HEAVY = (*WIDGETS, "httpx", "pandas", "numpy")
# What knows a library of the outside; whoever else wants it asks these.
HOMES = {
    "httpx": {"api.transport", "sandbox.embedded"},
    "truststore": {"api.transport"},
    "anywidget": {"card.widgets.live_widget"},
    "ipywidgets": set(),
    "traitlets": {f"card.widgets.{each}" for each in ("live_widget", "run_board", "run_card", "lead_grid")},
    "IPython": {"host.application", *(f"magics.{each}" for each in ("variables", "commands", "extension"))},
    "starlette": {f"sandbox.{each}" for each in ("app", "endpoints", "request_context")},
    "uvicorn": {"sandbox.embedded"},
    "filelock": {"run.starts.store"},
    "keyring": {"api.keys.key_sources"},
    "platformdirs": {"run.starts.store"},
    "publicsuffixlist": {"frames.leads.company_domain"},
    "idna": {"frames.leads.company_domain"},
    "altair": {"frames.plots.kinds"},
    "vl_convert": {"frames.plots.kinds"},
}
PURE = (
    *("words.numbers", "words.foreign_text"),
    *("card.view", "card.view.contract", "card.view.messages"),
    "card.view.board_view",
    *("card.render.document", "card.render.html_writer", "card.render.text_writer"),
    *("card.widgets.snapshot", "host.application"),
    *("run.state", "run.reduce", "run.credits", "run.polling.schedule"),
    *("api.models", "api.errors", "api.error_catalog", "api.operations", "api.client", "api.background.loop"),
    "run.starts.record",
)


class Import(NamedTuple):
    """A module of the package wants another one when it runs; `early`: as soon as it is loaded itself."""

    importer: str
    target: str
    early: bool

    @property
    def part(self) -> str:
        return self.importer.partition(".")[0]


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module, importer: str, *, package: bool = False, typing: bool = False) -> Iterator[Import]:
    """Every import of a module; those that only the type checker reads where `typing` asks for them."""

    here = [PACKAGE, *importer.split(".")]
    if not package:
        here.pop()

    def targets(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)

    def walk(node: ast.AST, *, early: bool) -> Iterator[Import]:
        yield from (Import(importer, target, early) for target in targets(node))
        typing_only = isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING" and not typing
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in node.orelse if typing_only else ast.iter_child_nodes(node):
            # Expressions, which are most nodes, import nothing.
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                yield from walk(child, early=early and not inside)

    yield from walk(tree, early=True)


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package by its name in it; the package itself is `__init__`."""
    found = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        names = path.relative_to(root / PACKAGE).with_suffix("").parts
        found[".".join(names[:-1] if names[-1] == "__init__" and len(names) > 1 else names)] = path
    return found


def all_imports(root: Path = ROOT, *, typing: bool = False) -> list[Import]:
    found: list[Import] = []
    for importer, path in modules(root).items():
        package = path.name == "__init__.py" and importer != "__init__"
        found += imports_of(tree_of(path), importer, package=package, typing=typing)
    return found


def circles(root: Path) -> list[list[str]]:
    """Each group of modules that import one another, directly or through others, be it in functions or for types."""
    wanted: dict[str, set[str]] = {module: set() for module in modules(root)}
    for each in all_imports(root, typing=True):
        package, *names = each.target.split(".")
        if package == PACKAGE:
            # The last name is that of a module, or of something in the module before it.
            known = (".".join(names[:length]) for length in range(len(names), 0, -1))
            wanted[each.importer].add(next((name for name in known if name in wanted), "__init__"))

    def reached_from(module: str) -> set[str]:
        reached: set[str] = set()
        to_visit = [module]
        while to_visit:
            further = wanted[to_visit.pop()] - reached
            reached |= further
            to_visit += further
        return reached

    reached = {module: reached_from(module) for module in wanted}
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in reached
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


@functools.cache
def imports() -> list[Import]:
    """Every import of the package."""
    return all_imports()


def test_every_part_has_a_rule():
    assert {each.part for each in imports()} <= PARTS.keys() | TOP
    assert {path.name for path in (ROOT / PACKAGE).iterdir() if path.is_dir() and path.name[0] not in "._"} == set(
        PARTS
    )


def test_no_import_goes_back_up():
    inner = [each for each in imports() if each.part in PARTS and each.target.startswith(f"{PACKAGE}.")]
    assert {each.part for each in inner} >= PARTS.keys() - {"words"}, "only the lowest floor needs no other"
    assert [each for each in inner if each.target.split(".")[1] not in PARTS[each.part] | {"_version"}] == []


def test_no_modules_import_one_another():
    found = [", ".join(group) for group in circles(ROOT)]
    assert not found, "\n".join(["These modules import one another:", *found])


def test_the_sandbox_takes_a_client_only_when_it_is_asked_for_one():
    across = [each for each in imports() if each.part == "sandbox" and each.target.startswith(f"{PACKAGE}.api")]
    assert {(each.importer, each.early) for each in across} == {("sandbox.embedded", False)}


def test_a_card_takes_frames_only_when_it_is_asked_for_one():
    across = [each for each in imports() if each.part == "card" and each.target.startswith(f"{PACKAGE}.frames")]
    importers = {"card.widgets.lead_grid", "card.widgets.lead_widget"}
    assert {(each.importer, each.early) for each in across} == {(each, False) for each in importers}


def test_each_library_has_its_home():
    homes = {library: set() for library in HOMES}
    for each in imports():
        homes.get(each.target.split(".")[0], set()).add(each.importer)
    assert homes == HOMES


def test_frames_alone_know_pandas():
    knowing = {each.part for each in imports() if each.target.split(".")[0] in {"pandas", "numpy"}}
    assert knowing == {"frames"}


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


LOAD = """
import importlib, json, sys
names, heavy = json.loads(sys.argv[1])
found = {}
for name in names:
    importlib.import_module(name)
    found[name] = sorted(set(heavy) & set(sys.modules))
print(json.dumps(found))
"""


def test_what_is_pure_loads_nothing_heavy():
    names = [f"{PACKAGE}.{module}" for module in PURE]
    command = [sys.executable, "-c", LOAD, json.dumps([names, HEAVY])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == {name: [] for name in names}


def test_runs_are_watched_without_widgets_and_frames():
    loaded = loaded_by(f"{PACKAGE}.run.start")
    assert loaded.isdisjoint({*WIDGETS, "pandas", "numpy"})
    assert not [name for name in loaded if name.startswith((f"{PACKAGE}.card", f"{PACKAGE}.frames"))]


def test_a_script_that_starts_runs_loads_no_widget():
    loaded = loaded_by(f"{PACKAGE}.card.widgets.display")
    assert f"{PACKAGE}.run.batch" in loaded
    assert loaded.isdisjoint({*WIDGETS, "pandas", "numpy"})


PRIVATE = re.compile(r"(?<!\w)_[a-z]\w*(?<!_)", re.IGNORECASE)
IN_CODE = re.compile(rf"\.({PRIVATE.pattern})\b", re.IGNORECASE)
"""A private attribute in a string: the target of `setattr`, or code that a kernel runs."""


def private_names(tree: ast.AST) -> set[str]:
    """The private functions, classes, variables and attributes that a module defines."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in found if PRIVATE.fullmatch(name)}


def private_uses(tree: ast.AST) -> Iterator[tuple[int, object]]:
    """Line and name of each private name of others that a module reads, imports or names in a string."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") not in ("self", "cls"):
            yield line, node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            yield from ((line, alias.name) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((line, name) for name in IN_CODE.findall(node.value))
        elif isinstance(node, ast.Call) and called(node).endswith(("setattr", "getattr", "delattr")):
            yield from ((line, each.value) for each in node.args if isinstance(each, ast.Constant))


def called(call: ast.Call) -> str:
    """The last name of what is called; empty where it has none."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_no_test_uses_a_private_name_of_the_package():
    known = {name for path in modules(ROOT).values() for name in private_names(tree_of(path))}
    assert "_flush" in known
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        source = path.read_text("utf-8")
        if known.isdisjoint(PRIVATE.findall(source)):
            continue
        tree = ast.parse(source)
        taken = known - private_names(tree)
        found += [f"{path.relative_to(ROOT)}:{line}: {name}" for line, name in private_uses(tree) if name in taken]
    assert not found, "\n".join(["Look at what others can see, or give the package a public name:", *found])
