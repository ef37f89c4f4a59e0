"""What GitHub and editors read of this repository is valid, and names targets, paths and versions that exist.

None of it can run here: a mistake would only be seen after a push.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.interpreters import SUPPORTED

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("*_*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"(?m)^([a-z.-]+):(?!=)", MAKEFILE))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return read(path)["jobs"]


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("dependabot", [GITHUB / "dependabot.yml"]),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
    ],
)
def test_each_file_is_what_its_schema_says(schema: str, files: list[Path]) -> None:
    from check_jsonschema import main as check_jsonschema
    from click.testing import CliRunner

    assert files
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", *map(str, files)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_targets_that_exist(path: Path) -> None:
    named = set(re.findall(r"(?m)^make ([\w.-]+)", "\n".join(step.get("run", "") for step in steps(path))))
    for job in jobs(path).values():
        matrix = job.get("strategy", {}).get("matrix", {})
        named |= {*matrix.get("target", []), *(each["target"] for each in matrix.get("include", []))}
    assert named
    assert named <= TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_only_what_its_jobs_ask_for(path: Path) -> None:
    assert read(path)["permissions"] == {}
    assert read(path)["concurrency"]["group"]
    for name, job in jobs(path).items():
        assert "timeout-minutes" in job, name
        may_write = {permission for permission, level in job["permissions"].items() if level == "write"}
        runs_our_code = any("run" in step for step in job["steps"])
        assert not (may_write and runs_our_code), f"{name} runs code of the repository and may write {may_write}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_reads_files_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"hashFiles\('([^']+)'\)|cache-dependency-path: (\S+)", text)
    assert [name for pair in named for name in pair if name and not (ROOT / name).is_file()] == []


def test_the_wheel_is_tried_on_every_supported_python() -> None:
    for name in ("test", "release"):
        given = [
            step["with"]["python-version"].split()
            for step in steps(GITHUB / "workflows" / f"{name}.yml")
            if "setup-python" in step.get("uses", "")
        ]
        assert [sorted(versions) for versions in given] == [sorted(SUPPORTED)]


def test_a_pull_request_is_tested_on_the_newest_python_and_checked_on_the_oldest() -> None:
    include = jobs(GITHUB / "workflows" / "check.yml")["check"]["strategy"]["matrix"]["include"]
    assert {each["target"]: each["python"] for each in include} == {"test": SUPPORTED[-1], "check": SUPPORTED[0]}


def test_what_is_claimed_is_what_is_run() -> None:
    matrix = jobs(GITHUB / "workflows" / "check.yml")["machines"]["strategy"]["matrix"]
    assert tuple(matrix["python"]) == SUPPORTED
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "windows", "macos"}
    classified = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert tuple(classified) == SUPPORTED
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert f"Python {SUPPORTED[0]} to {SUPPORTED[-1]}" in text
        assert "Linux, macOS and Windows" in text


def test_the_release_is_built_and_published_as_the_list_says() -> None:
    workflow = GITHUB / "workflows" / "release.yml"
    release = jobs(workflow)
    text = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
    (build,) = (step["run"] for step in release["build"]["steps"] if "-m build" in step.get("run", ""))
    assert f"`{build}`" in text
    assert f"environment `{release['publish']['environment']['name']}`" in text
    assert release["publish"]["permissions"] == {"id-token": "write"}
    named = [path.name for path in WORKFLOWS if f"`{path.name}`" in text]
    assert named == [path.name for path in WORKFLOWS]
    # What an earlier run has left in a cache must not get into a release.
    assert [step["uses"] for step in steps(workflow) if "cache" in step.get("uses", "")] == []


def test_every_address_leads_to_this_repository() -> None:
    source = PROJECT["urls"]["Source"]
    owner = source.removeprefix("https://github.com/").partition("/")[0]
    for path in (*GITHUB.rglob("*.yml"), ROOT / "SECURITY.md", ROOT / "CODE_OF_CONDUCT.md"):
        found = re.findall(rf"https://github\.com/{owner}/[\w.-]+", path.read_text(encoding="utf-8"))
        assert set(found) <= {source}, path.name
    assert {PROJECT["urls"][name].startswith(source) for name in ("Homepage", "Issues", "Changelog")} == {True}
    assert (ROOT / PROJECT["urls"]["Changelog"].rpartition("/")[2]).is_file()


def test_the_bug_form_asks_for_what_is_needed_to_reproduce() -> None:
    body = {part["id"]: part for part in read(GITHUB / "ISSUE_TEMPLATE" / "bug_report.yml")["body"] if "id" in part}
    required = {name for name, part in body.items() if part.get("validations", {}).get("required")}
    assert {"versions", "host", "code", "card"} <= required
    compile(body["code"]["attributes"]["value"], "the code of the form", "exec")


def test_the_cell_that_lists_versions_runs() -> None:
    (cell,) = re.findall(
        r"```python\n(.*?)```", (GITHUB / "ISSUE_TEMPLATE" / "bug_report.yml").read_text("utf-8"), re.DOTALL
    )
    code = "\n".join(line.removeprefix(" " * 8) for line in cell.splitlines())
    reported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert re.search(r"(?m)^origami_widgets \d", reported)


def test_a_commit_is_linted_with_what_the_lock_files_have_installed() -> None:
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    recipe = MAKEFILE.partition("\n.lint-python:")[2].partition("\n# ")[0]
    for hook in repository["hooks"]:
        program, *words = shlex.split(hook["entry"]) + hook.get("args", [])
        named = [word for word in words if not word.startswith("-") and word not in ("run", "js")] or [
            program.rpartition("/")[2]
        ]
        assert any(all(word in line for word in named) for line in recipe.splitlines()), hook["id"]
