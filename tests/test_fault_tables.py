"""The fault tables of tests/README.md name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
FOLDERS = ("tests/faults", "tests/run/starts", "tests/run", ".")


def named_tests():
    """Each file and function in the tables; a file without a folder lies where its table says, `::` goes on in it."""
    for line in TEXT.splitlines():
        path = None
        if not line.startswith("|"):
            continue
        for file, function in re.findall(r"`([\w/.]*test[\w/.]*\.(?:py|ts))?(?:::(\w+))?`", line):
            if file:
                path = next((found for folder in FOLDERS if (found := ROOT / folder / file).exists()), None)
                assert path is not None, file
            elif function and path is None:
                path = ROOT / "tests/run/starts/test_one_run.py"
            if function:
                yield path, function


def test_the_tables_name_tests_that_exist():
    named = list(named_tests())
    assert len(named) > 40
    for path, function in named:
        assert re.search(rf"^(async )?def {function}\b", path.read_text(encoding="utf-8"), re.MULTILINE), function
