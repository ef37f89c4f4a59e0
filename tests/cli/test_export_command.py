"""`origami-widgets export`, over HTTP and to a disk."""

from pathlib import Path

import openpyxl
import pandas as pd
import pexpect
import pytest

from origami_widgets.cli.main import main
from tests.cli.conftest import COMMAND


@pytest.fixture
def token(configured_api):
    return configured_api.start("List bakeries in Porto")


def test_export_writes_a_workbook_with_leads(token, tmp_path, capsys):
    path = tmp_path / "bakeries.xlsx"
    assert main(["export", token, str(path), "--what", "everything"]) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == (f"{path}\n", "")
    sheets = openpyxl.load_workbook(path).sheetnames
    assert "tables" in sheets
    assert any("bakeries" in name.lower() for name in sheets)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_export_writes_a_folder(token, tmp_path, capsys, kind):
    assert main(["export", token, str(tmp_path / "made"), "--format", kind]) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(files) == sorted((tmp_path / "made").iterdir())
    leads = tmp_path / "made" / f"Bakeries in Porto.{kind}"
    frame = pd.read_csv(leads) if kind == "csv" else pd.read_parquet(leads)
    name = "Company" if kind == "csv" else "row_id"
    assert len(frame) == frame[name].nunique() > 5


def test_existing_files_are_only_replaced_with_overwrite(token, tmp_path, capsys):
    path = tmp_path / "bakeries.xlsx"
    path.write_text("mine")
    assert main(["export", token, str(path)]) == 2
    title, cause, remedy = capsys.readouterr().err.splitlines()
    assert title == "File already exists"
    assert str(path) in cause
    assert "--overwrite" in remedy
    assert path.read_text() == "mine"
    assert main(["export", token, str(path), "--overwrite"]) == 0
    assert openpyxl.load_workbook(path).sheetnames


@pytest.mark.parametrize(
    ("token", "name", "code"),
    [("6b1f0a8e/v2_run-1", "made", 1), ("not a token", "made", 2), ("6b1f0a8e/v2_run-1", "o.txt", 2)],
)
@pytest.mark.usefixtures("configured_api")
def test_an_unknown_run_or_ending_is_an_error(tmp_path, capsys, token, name, code):
    assert main(["export", token, str(tmp_path / name)]) == code
    assert list(tmp_path.iterdir()) == []
    assert len(capsys.readouterr().err.splitlines()) in (3, 4)


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_terminal_says_that_leads_are_read_and_an_interrupt_writes_nothing(api, tmp_path):
    token = api.start("Find founders. scenario:large")
    program, option, code = COMMAND
    arguments = [option, code, "export", token, str(tmp_path / "made")]
    child = pexpect.spawn(program, arguments, env=api.environment, encoding="utf-8", timeout=60)
    child.expect("Reading")
    child.sendintr()
    rest = child.read()
    child.close()
    assert child.exitstatus == 130
    assert rest.endswith("Stopped; nothing was written.\r\n")
    assert "\x1b" not in rest
    assert list(tmp_path.iterdir()) == []
