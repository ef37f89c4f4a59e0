"""A check is repeated when a byte of its inputs changed, and never passed off as passed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.ci.scripts import load

checks = load("checks")

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(checks, "REPOSITORY", tmp_path)
    monkeypatch.setattr(checks, "RECORDS", tmp_path / "records")
    monkeypatch.setattr(checks, "tracked_files", lambda: ["code.py", "front.ts"])
    (tmp_path / "records").mkdir()
    (tmp_path / "code.py").write_text("raise SystemExit(0)")
    (tmp_path / "front.ts").write_text("")
    return tmp_path


def run(*, fresh: bool = False, inputs: tuple[str, ...] = (".py",)) -> checks.Outcome:
    stage = checks.Stage("stage", (sys.executable, "code.py"), inputs)
    (outcome,) = checks.Runner(fresh=fresh).run([stage])
    return outcome


def test_passed_and_unchanged_is_not_repeated(repository: Path) -> None:
    assert run().code == 0
    (repository / "front.ts").write_text("other")
    assert run().code is None


def test_a_changed_input_is_checked_again(repository: Path) -> None:
    run()
    (repository / "code.py").write_text("raise SystemExit(1)")
    assert run().failed
    # A failure is never remembered as a pass, nor is the pass before it.
    assert run().failed
    (repository / "code.py").write_text("raise SystemExit(0)")
    assert run().code == 0


@pytest.mark.usefixtures("repository")
def test_fresh_and_stages_without_inputs_always_run() -> None:
    run()
    assert run(fresh=True).code == 0
    run(inputs=())
    assert run(inputs=()).code == 0


def test_patient_stages_have_less_of_the_processor_than_the_others(repository: Path) -> None:
    (repository / "code.py").write_text("import os; raise SystemExit(os.nice(0))")
    command = (sys.executable, "code.py")
    stages = [checks.Stage("patient", command, patient=True), checks.Stage("other", command)]
    patient, other = checks.Runner(fresh=True).run(stages)
    assert patient.stage.name == "patient"
    # No process is nicer than 19.
    assert patient.code == min(19, other.code + checks.PATIENCE)


def test_a_stage_that_hangs_is_ended_and_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LONGEST", 1.0)
    (repository / "code.py").write_text("import time; print('begun', flush=True); time.sleep(60)")
    outcome = run()
    assert outcome.failed
    assert outcome.output.startswith("begun")
    assert "hangs" in outcome.output
    assert outcome.seconds < 30


TOO_LATE_AT_FIRST = """
import pathlib, sys, time
if "--last-failed" not in sys.argv:
    print("1 failed, 2 passed in 1.00s")
    raise SystemExit(1)
print("1 passed in 1.00s" if pathlib.Path("over").exists() else "beside another stage")
raise SystemExit(pathlib.Path("fails-twice").exists())
"""


@pytest.mark.parametrize("fails_twice", [False, True])
def test_few_failed_tests_are_repeated_when_all_else_is_over(
    repository: Path, capsys: pytest.CaptureFixture[str], fails_twice: bool
) -> None:
    (repository / "code.py").write_text(TOO_LATE_AT_FIRST)
    (repository / "slow.py").write_text("import pathlib, time; time.sleep(1); pathlib.Path('over').touch()")
    if fails_twice:
        (repository / "fails-twice").touch()
    tests = checks.Stage("pytest", (sys.executable, "code.py"), (".py",))
    slow = checks.Stage("slow", (sys.executable, "slow.py"), patient=True)
    outcome, _ = checks.Runner(fresh=True).run([tests, slow])
    assert outcome.failed == fails_twice
    lines = capsys.readouterr().out.splitlines()
    assert "beside another stage" not in lines
    assert sum(line.startswith("pytest ") for line in lines) == 2
    # Only a pass is remembered.
    assert (checks.Runner(fresh=False).run([tests])[0].code is None) != fails_twice


def test_every_unit_test_is_in_one_stage() -> None:
    stages = {stage.name: stage.command for stage in checks.STAGES}
    for part in checks.PATIENT_TESTS:
        assert (checks.REPOSITORY / "tests" / part).exists()
        assert sum(f"tests/{part}" in command for command in stages.values()) == 1
        assert f"--ignore=tests/{part}" in stages["pytest"]


def test_a_failure_is_told_in_full(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "code.py").write_text("print('the reason'); raise SystemExit(3)")
    assert run().code == 3
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "the reason" in out


def test_what_was_skipped_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    output = (
        "....\n== summary ==\nSKIPPED [1] test_x.py:3: this machine has no Python 3.99\n4 passed, 1 skipped in 1.00s\n"
    )
    checks.report(checks.Outcome(checks.Stage("pytest", ()), 0, output, 1.0))
    assert capsys.readouterr().out.splitlines()[1:] == output.splitlines()[2:]


@pytest.mark.parametrize(
    ("name", "part"), [("a/b.py", ".py"), ("a/b.py", "a/"), (".ci/run", ".ci/"), (".npmrc", ".npmrc")]
)
def test_an_input_is_a_beginning_or_an_ending(name: str, part: str) -> None:
    assert checks.matches(name, (part,))
    assert not checks.matches("other.ts", (part,))


def test_what_the_quick_tests_name_exists() -> None:
    named = [part.removeprefix("--ignore=") for part in checks.QUICK_TESTS if "tests/" in part]
    assert [name for name in named if not (checks.REPOSITORY / name).exists()] == []


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        ("===== 12 passed, 1 warning in 3.21s =====", (12, 0)),
        ("===== 2 failed, 10 passed, 1 error in 3.21s =====", (10, 3)),
        (" Test Files  3 passed (3)\n      Tests  1 failed | 41 passed (42)\n   Duration  1s", (41, 1)),
        ("no tests ran in 0.01s", (0, 0)),
    ],
)
def test_closing_lines_are_counted(output: str, counts: tuple[int, int]) -> None:
    assert checks.test_counts(output) == counts


def collected(stage: checks.Stage) -> set[str]:
    """The files of tests that a stage runs, by the folders that it names and leaves out."""
    parts = [part for part in stage.command if not part.startswith("-")]
    left_out = tuple(f"{part.removeprefix('--ignore=')}/" for part in stage.command if part.startswith("--ignore="))
    files = (
        file.relative_to(checks.REPOSITORY).as_posix() for file in (checks.REPOSITORY / "tests").rglob("test_*.py")
    )
    named = tuple(f"{part}/" for part in parts)
    return {file for file in files if f"{file}/".startswith(named) and not f"{file}/".startswith(left_out)}


def test_every_test_is_in_one_stage() -> None:
    each = [file for stage in checks.STAGES if stage.name.startswith("pytest") for file in collected(stage)]
    every = {
        file.relative_to(checks.REPOSITORY).as_posix() for file in (checks.REPOSITORY / "tests").rglob("test_*.py")
    }
    assert sorted(each) == sorted(every)
