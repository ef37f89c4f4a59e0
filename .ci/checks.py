"""Run every check and test, a few at a time, and report each in one line.

A check whose inputs have not changed by a byte since it last passed is not repeated, and its line says so: what it reads is
hashed, with its command and the locked packages. Tests in a browser and of the notebooks depend on clocks and processes and
always run; so does everything with `--fresh` and where CI is set. The full output of each stage is in .cache/checks.
`--quick` runs lint, types and the shorter unit tests.
"""

# ruff: noqa: INP001, T201 - a script, and its interface is what it prints

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
RECORDS = REPOSITORY / ".cache" / "checks"
# It has several workers. Beside a second one, tests that look at real clocks and sockets come too late on two slow cores.
AT_ONCE = 1
PATIENT_AT_ONCE = 3
PATIENCE = 15
"""How nice the stages are that depend on no clock. They run beside that one, on what it leaves of the cores."""
LONGEST = 2_400.0
"""Seconds after which a stage has hung and is ended."""
MOST_REPEATED = 10
"""Failed tests of a stage that are run once more; with more of them, something is broken."""
FAILURES = ("FAILED ", "ERROR ")

PYTHON = (sys.executable, "-m")
NPM = ("npm", "run", "--silent", "--prefix", "js")
PYTEST = (*PYTHON, "pytest", "--no-header")
# Each process of the tests loads every plugin, which takes a third of a second for this one and half as much for the other.
WITHOUT_SCHEMATHESIS = ("-p", "no:schemathesis")
WITHOUT_HYPOTHESIS = (*WITHOUT_SCHEMATHESIS, "-p", "no:hypothesispytest")
ZIZMOR = (str(Path(sys.executable).with_name("zizmor")), "--offline", "--quiet", "--strict-collection")
FOR_RUFF = (".", "notebooks/serve.py", "notebooks/site", ".ci")
ALWAYS_READ = (".ci/checks.py", "pyproject.toml", "requirements-dev.lock", "js/package-lock.json")
EVERYTHING = ("",)


@dataclasses.dataclass(frozen=True)
class Stage:
    """One line of the report.

    Args:
        name: What it is called.
        command: What it runs, in the repository.
        inputs: Prefixes of the paths that decide its outcome, or their endings as ".py"; empty: it always runs.
        patient: Whether it passes however long it is kept waiting.
    """

    name: str
    command: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    patient: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a stage went: its exit code, or None when it was not repeated; its output and seconds."""

    stage: Stage
    code: int | None
    output: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it ran and did not pass."""
        return bool(self.code)


def parallel(workers: int) -> tuple[str, ...]:
    """Return the options that spread tests over processes: none is idle while another has tests left."""
    return (f"--numprocesses={workers}", "--dist=worksteal")


LINT = (
    Stage("ruff", (*PYTHON, "ruff", "check", "--quiet", *FOR_RUFF), (".py",)),
    Stage("ruff format", (*PYTHON, "ruff", "format", "--quiet", "--check", *FOR_RUFF), (".py",)),
    Stage("zizmor", (*ZIZMOR, ".github", ".pre-commit-config.yaml"), (".github/", ".pre-commit-config.yaml")),
    Stage("mypy", (*PYTHON, "mypy", "--no-error-summary"), ("origami_widgets/",)),
    Stage("biome", (*NPM, "lint"), ("js/",)),
    Stage("tsc", (*NPM, "types"), ("js/",)),
    Stage("vitest", (*NPM, "test"), ("js/", "tests/fixtures/")),
)

HOSTS = ("browser", "docs", "hosts", "kernels", "notebooks")
# They compute, on clocks of their own if any, and are half of the unit tests' work. Each stage is one process: a second one
# would collect its tests again and report each of them to a third.
PATIENT = {
    "pytest frames": ("frames",),
    "pytest views": ("card/render", "card/view", "ci", "packaging"),
}
# To make the tests of it takes as long as to collect a thousand others.
OPENAPI = "sandbox/test_openapi.py"
# It runs the tests of frames once more, in an environment of its own.
FLOOR = "kernels/test_frames_floor.py"
PATIENT_TESTS = (*(part for parts in PATIENT.values() for part in parts), OPENAPI)
UNIT_TESTS = ("--doctest-modules", "tests", "origami_widgets", *(f"--ignore=tests/{folder}" for folder in HOSTS))

# Most modules have tests in these folders, and few of them wait for clocks, processes or sockets.
QUICK_TESTS = (
    *(*PYTEST, *WITHOUT_SCHEMATHESIS, *parallel(4)),
    *("tests/api", "tests/card/view", "tests/ci", "tests/frames", "tests/host", "tests/magics", "tests/words"),
    *("tests/run/test_state.py", "tests/run/polling/test_schedule.py", "tests/run/polling/test_rate_limiter.py"),
    *("tests/test_architecture.py", "tests/test_public_interface.py"),
    # They take longest.
    *("--ignore=tests/api/background/test_loop.py", "--ignore=tests/api/test_loop_without_threads.py"),
    *("--ignore=tests/api/rows/test_row_reader.py", "--ignore=tests/magics/test_kernel.py"),
    *("--ignore=tests/card/view/test_size_limits.py", "--ignore=tests/card/view/test_run_view_variants.py"),
    *("--ignore=tests/frames/economics", "--ignore=tests/frames/files", "--ignore=tests/frames/leads"),
    *("--ignore=tests/frames/plots", "--ignore=tests/frames/test_described.py"),
    *("--ignore=tests/frames/test_mutations.py", "--ignore=tests/frames/test_interchange.py"),
)

# Started in this order, patient ones apart. The first two wait most, which leaves the cores to patient stages; in the end no
# core is idle. Each worker collects all tests of its stage, and those of the browser and of hosts start servers of their own.
STAGES = (
    Stage(
        "pytest kernels",
        (*PYTEST, *WITHOUT_HYPOTHESIS, *parallel(4), "tests/kernels", f"--ignore=tests/{FLOOR}"),
        (
            "origami_widgets/",
            "tests/kernels/",
            "tests/faults/",
            "tests/fixtures/",
            "tests/support/",
            "tests/ci/",
            ".ci/",
            "notebooks/colab.ipynb",
        ),
    ),
    Stage("pytest hosts", (*PYTEST, *WITHOUT_HYPOTHESIS, *parallel(3), "tests/hosts")),
    Stage(
        "pytest",
        (
            *PYTEST,
            *WITHOUT_SCHEMATHESIS,
            *parallel(3),
            *UNIT_TESTS,
            *(f"--ignore=tests/{each}" for each in PATIENT_TESTS),
        ),
        EVERYTHING,
    ),
    Stage("pytest browser", (*PYTEST, *WITHOUT_HYPOTHESIS, *parallel(3), "tests/browser")),
    *(
        Stage(name, (*PYTEST, *WITHOUT_SCHEMATHESIS, *(f"tests/{part}" for part in parts)), EVERYTHING, patient=True)
        for name, parts in PATIENT.items()
    ),
    Stage("pytest floor", (*PYTEST, *WITHOUT_HYPOTHESIS, f"tests/{FLOOR}"), EVERYTHING, patient=True),
    Stage("pytest openapi", (*PYTEST, f"tests/{OPENAPI}"), EVERYTHING, patient=True),
    # The site is made of the notebooks that have just been run.
    Stage("pytest notebooks", (*PYTEST, *WITHOUT_HYPOTHESIS, "tests/notebooks", "tests/docs"), patient=True),
    *(dataclasses.replace(stage, patient=True) for stage in reversed(LINT)),
)

QUICK = (*LINT, Stage("pytest quick", QUICK_TESTS, EVERYTHING))


def tracked_files() -> list[str]:
    """Return the repository's files, also the new ones, without what git ignores; none in a copy without git."""
    if not (REPOSITORY / ".git").exists():
        return []
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the person's own git
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(name for name in listing.split("\0") if name and (REPOSITORY / name).is_file())


def matches(name: str, inputs: Iterable[str]) -> bool:
    """Tell whether the file `name` is among a stage's inputs."""
    return any(
        name.startswith(part) or (part.startswith(".") and "/" not in part and name.endswith(part)) for part in inputs
    )


def fingerprint(stage: Stage, files: Sequence[str]) -> str:
    """Return the hash of everything that decides how `stage` ends; empty if it always runs or nothing is known of that."""
    if not (stage.inputs and files):
        return ""
    digest = hashlib.sha256(repr((sys.version, stage)).encode())
    for name in files:
        if name in ALWAYS_READ or matches(name, stage.inputs):
            content = hashlib.sha256((REPOSITORY / name).read_bytes()).hexdigest()
            digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()


def test_counts(output: str) -> tuple[int, int]:
    """Return how many tests passed and failed, from the closing line of pytest or of vitest."""
    lines = [line for line in output.splitlines() if re.search(r"\b\d+ (passed|failed|errors?)\b", line)]
    tests = next((line for line in reversed(lines) if line.strip().startswith("Tests")), lines[-1] if lines else "")
    passed = sum(int(number) for number in re.findall(r"(\d+) passed", tests))
    failed = sum(int(number) for number in re.findall(r"(\d+) (?:failed|errors?)", tests))
    return passed, failed


class Runner:
    """Runs stages, a few at a time, in their order; patient ones beside them, a few at a time as well."""

    def __init__(self, *, fresh: bool) -> None:
        """List the files that decide; `fresh` repeats what has not changed, too."""
        self.fresh = fresh
        self.files = tracked_files()
        self.running: set[subprocess.Popen[str]] = set()
        self.is_stopping = False

    def run(self, stages: Sequence[Stage]) -> list[Outcome]:
        """Run all of them, report each when it ends, and return how they went."""
        with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(PATIENT_AT_ONCE) as beside:
            try:
                started = [(beside if stage.patient else pool).submit(self._run, stage) for stage in stages]
                outcomes = [each.result() for each in started]
                return [self._repeat(outcome) if can_be_repeated(outcome) else outcome for outcome in outcomes]
            except KeyboardInterrupt:
                self.stop()
                raise

    def stop(self) -> None:
        """End what is running, with all that it started, and start nothing more."""
        self.is_stopping = True
        for process in list(self.running):
            os.killpg(process.pid, signal.SIGTERM)

    def _run(self, stage: Stage) -> Outcome:
        record = record_of(stage)
        mark = fingerprint(stage, self.files)
        if mark and not self.fresh and record.exists() and record.read_text(encoding="ascii") == mark:
            outcome = Outcome(stage, None)
        elif self.is_stopping:
            return Outcome(stage, None)
        else:
            record.unlink(missing_ok=True)
            outcome = self._execute(stage)
            keep(outcome, mark)
        if not self.is_stopping:
            report(outcome)
        return outcome

    def _repeat(self, outcome: Outcome) -> Outcome:
        """Run the tests that failed once more, one after the other and when all else is over; name those that pass then.

        Tests that look at real clocks and sockets come too late where another program takes the machine. A fault fails twice.
        """
        again = self._execute(outcome.stage, "--last-failed", "--last-failed-no-failures=none", "--numprocesses=0")
        seconds = outcome.seconds + again.seconds
        if again.code:
            outcome = Outcome(outcome.stage, again.code, f"{outcome.output}\nRepeated:\n{again.output}", seconds)
        else:
            lines = outcome.output.rstrip().splitlines()
            named = [f"REPEATED, and passed then: {line}" for line in lines if line.startswith(FAILURES)]
            passed, failed = test_counts(outcome.output)
            output = "\n".join([*lines, *named, f"{passed + failed} passed, some repeated"])
            outcome = Outcome(outcome.stage, 0, output, seconds)
        keep(outcome, fingerprint(outcome.stage, self.files))
        report(outcome)
        return outcome

    def _execute(self, stage: Stage, *options: str) -> Outcome:
        began = time.monotonic()
        own = ("-o", f"cache_dir={RECORDS / stage.name.replace(' ', '-')}") if stage.name.startswith("pytest") else ()
        nice = ("nice", "-n", str(PATIENCE)) if stage.patient else ()
        process = subprocess.Popen(  # noqa: S603 - the commands stand above
            (*nice, *stage.command, *own, *options),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        if stage.patient:
            be_nice(process.pid)
        self.running.add(process)
        try:
            output, _ = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output = ""
            # What it has started may still hold the other end.
            with contextlib.suppress(subprocess.TimeoutExpired):
                output, _ = process.communicate(timeout=10)
            output += f"\nNot over after {LONGEST:.0f} s: something in it hangs."
        self.running.discard(process)
        return Outcome(stage, process.returncode, output, time.monotonic() - began)


def be_nice(session: int) -> None:
    """Leave the processor to others: Linux divides it among sessions first, and among the processes of each after that."""
    for _ in range(20):
        try:
            Path(f"/proc/{session}/autogroup").write_text(str(PATIENCE), encoding="ascii")
        except BlockingIOError:
            # Without privileges, ten of these a second are all that Linux takes from all programs together.
            time.sleep(0.1)
        except OSError:
            return
        else:
            return


def can_be_repeated(outcome: Outcome) -> bool:
    """Tell whether a stage failed for so few of its tests that they may only have come too late."""
    is_pytest = outcome.stage.name.startswith("pytest")
    return outcome.code == 1 and is_pytest and 0 < test_counts(outcome.output)[1] <= MOST_REPEATED


def record_of(stage: Stage) -> Path:
    """Return the file that says for which inputs the stage last passed."""
    return RECORDS / f"{stage.name.replace(' ', '-')}.passed"


def keep(outcome: Outcome, mark: str) -> None:
    """Write down what a stage said, and for which inputs it passed."""
    record = record_of(outcome.stage)
    record.with_suffix(".log").write_text(outcome.output, encoding="utf-8")
    if mark and outcome.code == 0:
        record.write_text(mark, encoding="ascii")


def report(outcome: Outcome) -> None:
    """Print a stage's line; for pytest also what was skipped and its closing line, for a failure all that it said."""
    name = outcome.stage.name
    if outcome.code is None:
        text = f"{name:<17} unchanged since it last passed"
    else:
        text = f"{name:<17} {'FAILED' if outcome.failed else 'passed':<7} {outcome.seconds:6.1f} s"
    words = outcome.output.rstrip()
    if outcome.failed:
        text += f"\n{words}\n{'-' * 79}"
    elif "pytest" in name and words:
        *others, last = words.splitlines()
        text = "\n".join([text, *(line for line in others if line.startswith(("SKIPPED [", "REPEATED, "))), last])
    print(text, flush=True)


def coverage() -> int:
    """Measure which lines the unit tests reach. Returns 0 when that is as much as pyproject.toml asks for.

    Whether the tests pass is not decided here: those that interrupt at one line, or measure time, may fail where each line
    is traced.
    """
    log = RECORDS / "pytest-coverage.log"
    with log.open("w", encoding="utf-8") as output:
        command = (*PYTEST, *parallel(4), *UNIT_TESTS, "--cov", "--cov-report=")
        done = subprocess.run(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT, check=False)  # noqa: S603 - stands above
    print(log.read_text(encoding="utf-8").rstrip().rpartition("\n")[2], flush=True)
    if done.returncode not in (0, 1):
        return done.returncode
    return subprocess.run((*PYTHON, "coverage", "report"), cwd=REPOSITORY, check=False).returncode  # noqa: S603


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages. Returns 0 when all passed."""
    parser = argparse.ArgumentParser(description="Run every check and test.")
    parser.add_argument("--fresh", action="store_true", help="also repeat what has not changed since it last passed")
    parser.add_argument("--quick", action="store_true", help="lint, types and the shorter unit tests")
    parser.add_argument("--coverage", action="store_true", help="only measure which lines the unit tests reach")
    parser.add_argument("stages", nargs="*", help="only these stages")
    options = parser.parse_args(arguments)
    known = {stage.name: stage for stage in (*STAGES, *QUICK)}
    unknown = [name for name in options.stages if name not in known]
    if unknown:
        parser.error(f"no stage is called {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = [known[name] for name in options.stages] or list(QUICK if options.quick else STAGES)
    RECORDS.mkdir(parents=True, exist_ok=True)
    if options.coverage:
        return coverage()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell lets what it runs with "&" ignore interrupts, and the tests that interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    try:
        outcomes = Runner(fresh=options.fresh or bool(os.environ.get("CI"))).run(chosen)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        return 130
    failed = [outcome.stage.name for outcome in outcomes if outcome.failed]
    counts = [test_counts(outcome.output) for outcome in outcomes if "test" in outcome.stage.name]
    print(
        f"{len(outcomes) - len(failed)} of {len(outcomes)} stages passed in {time.monotonic() - began:.1f} s",
        flush=True,
    )
    if failed:
        print(f"failed: {', '.join(failed)}; their full output: {RECORDS.relative_to(REPOSITORY)}", flush=True)
    print(f"tests: {sum(count[0] for count in counts)} passed, {sum(count[1] for count in counts)} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
