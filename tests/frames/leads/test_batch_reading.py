"""`rows_batches`: the rows of `rows_frame` in batches of one type, whatever is in them, and nothing left on disk."""

from __future__ import annotations

import gc
import json
import random
import tempfile
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files.safe_cells import plain_cell
from origami_widgets.frames.leads import lead_table
from origami_widgets.frames.leads.batch_reading import PageSpool, batches_of, loaded_batches
from origami_widgets.frames.leads.cell_column import KindOnlyColumn
from origami_widgets.frames.leads.lead_table import Findings, LeadTable, ListedColumn
from origami_widgets.frames.values import as_json, unicode_text
from tests.frames.leads.test_row_reading import TABLE, columns, lead, page
from tests.support.server import answer, reset

BIG = 2**53 + 1
VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.just(BIG), st.just(2**70), st.floats(-2, 2), st.text(max_size=3),
    st.sampled_from(["2026-07-21", "1970-01-01", "2026-07-21T09:14:31Z", "2026-02-30", "\ud83d"]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["email", "confidence", "n", "value", "rest"]), st.none() | st.integers(0, 3) | st.just("a"), max_size=3),
)  # fmt: skip
ROW = st.dictionaries(st.sampled_from(["x", "y", "id2", "late", "x.email"]), VALUE, max_size=4)
LISTED = [
    ListedColumn("c1", "X", "x", "enrichment"), ListedColumn("c2", "Y", "y", "input"), ListedColumn("c3", "X", "x", "score"),
    ListedColumn("c4", "None", None, "input"), ListedColumn("c5", "Part", "x.email", "input"),
]  # fmt: skip


def in_batches(rows, listed, size, **options):
    """What the reading makes of pages of rows, without a server."""
    table, spool = LeadTable(listed, dtype_backend="pyarrow", kept=KindOnlyColumn, **options), PageSpool()
    for at in range(0, len(rows), 3):
        table.add(rows[at : at + 3])
        spool.add(rows[at : at + 3])
    findings = Findings()
    made = batches_of(table, spool.part(), size, findings)
    batches = list(made)
    return pa.Table.from_batches(batches, made.schema), batches, findings


def in_one_frame(rows, listed, **options):
    table = LeadTable(listed, dtype_backend="pyarrow", **options)
    for at in range(0, len(rows), 3):
        table.add(rows[at : at + 3])
    return table.frame(copy=False)


def as_arrow(frame):
    """The frame with its objects as JSON, as Arrow has it."""
    shown = {}
    for name, dtype in frame.dtypes.items():
        if pd.api.types.is_object_dtype(dtype):
            texts = [None if plain_cell(value) is None else as_json(value) for value in frame[name]]
            shown[name] = pa.array(texts, pa.string())
        else:
            shown[name] = pa.array(frame[name], from_pandas=True)
    return shown


def loose(texts):
    """JSON of one value may say 1 or 1.0, or hold half an emoji or not: that depends on what stood beside it."""
    return [None if text is None else whole(json.loads(text)) for text in texts]


def whole(value):
    return unicode_text(value) if isinstance(value, str) else value


@given(
    st.lists(ROW, max_size=12),
    st.integers(1, 7),
    st.booleans(),
    st.sampled_from(["slug", "name"]),
    st.sampled_from([1, 4, 2_000]),
)
@example([{}, {}, {"x": {"n": None}}, {"x": {"n": "a", "email": None}}], 1, True, "slug", 1)
def test_every_table_is_the_frame_in_batches(rows, size, flatten, names, block):
    before, lead_table.BLOCK = lead_table.BLOCK, block
    try:
        rows = [{"id": f"r{number}", **row} for number, row in enumerate(rows)]
        table, batches, findings = in_batches(rows, LISTED, size, flatten=flatten, names=names)
        frame, result = in_one_frame(rows, LISTED, flatten=flatten, names=names)
    finally:
        lead_table.BLOCK = before
    assert table.schema.names == list(frame.columns)
    assert [batch.num_rows for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert table.num_rows == len(rows)
    for name, wanted in as_arrow(frame).items():
        found = table[name].combine_chunks()
        assert found.type == wanted.type, name
        if pd.api.types.is_object_dtype(frame.dtypes[name]):
            assert loose(found.to_pylist()) == loose(wanted.to_pylist())
        else:
            assert found.to_pylist() == wanted.to_pylist(), name
    assert (findings.columns, findings.unlisted, findings.without_cells) == (
        result.columns,
        result.unlisted,
        result.without_cells,
    )
    assert (findings.dates, findings.timestamps) == (result.dates, result.timestamps)
    assert {name: set(words) for name, words in findings.mixed_types.items()} == {
        name: set(words) for name, words in result.mixed_types.items()
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 2.5], "double"),
        ([BIG, 2, 2.5], "string"),
        ([2.5, BIG], "string"),
        (["2026-07-21", "2026-07-22", "soon"], "string"),
        (["2026-07-21T00:00", None, "2026-07-22T01:00+02:00"], "timestamp[us, tz=UTC]"),
        (["2026-07-21", None, "2026-07-22"], "date32[day]"),
        (["2026-07-21", None, "2026-07-22T01:00+02:00"], "string"),
        ([None, None], "string"),
        ([True, None], "bool"),
        ([2**70, 1], "string"),
        ([["a"], "a"], "string"),
    ],
)
def test_a_type_holds_for_all_batches(values, kind, monkeypatch):
    monkeypatch.setattr(lead_table, "BLOCK", 1)
    rows = [{"id": str(number), "x": value} for number, value in enumerate(values)]
    table, batches, _ = in_batches(rows, LISTED[:1], 1, flatten=True, names="slug")
    assert str(table.schema.field("x").type) == kind
    assert len(batches) == len(values)


def test_over_a_server_with_its_provenance(server, client):
    rows = [lead(number, fit=number, **{"contact-email": {"email": None, "confidence": "low"}}) for number in range(5)]
    server.plan(columns(), page(*rows[:3], cursor="a", total=5), page(*rows[3:], total=5))
    result = []
    reader = ow.rows_batches(TABLE, client=client, batch_size=2, progress=lambda *each: result.append(each))
    assert result == [(3, 5), (5, 5)]
    about = json.loads(reader.schema.metadata[b"origami"])
    assert (about["rows"], about["complete"], about["untrusted"], about["table_name"]) == (5, True, True, "Bakeries")
    # As often as one likes, and without another request.
    assert [[batch.num_rows for batch in reader] for _ in range(2)] == [[2, 2, 1]] * 2
    server.plan(columns(), page(*rows, total=5))
    frame = ow.rows_frame(TABLE, client=client, dtype_backend="pyarrow")
    assert frame.attrs["origami"] | {"pages": 2} == about
    assert frame["contact-email.found"].to_list() == [False] * 5


def test_a_table_without_rows_has_its_columns(server, client):
    server.plan(columns(), page(total=0))
    reader = ow.rows_batches(TABLE, client=client)
    assert reader.schema.names == ["row_id", "bakery", "contact-email", "fit"]
    assert list(reader) == []
    server.plan(answer({"object": "list", "items": [], "nextCursor": None, "url": ""}), page(total=0))
    assert ow.rows_batches(TABLE, client=client).schema.names == ["row_id"]


def test_what_is_json_says_so(server, client):
    server.plan(columns(), page(lead(1, fit=["a", 1]), lead(2, fit=2**70), total=2))
    reader = ow.rows_batches(TABLE, client=client)
    assert json.loads(reader.schema.field("fit").metadata[b"origami"])["json"] is True
    assert json.loads(reader.schema.metadata[b"PANDAS_ATTRS"])["json_columns"] == ["fit"]
    assert [json.loads(text) for text in reader.to_arrow()["fit"].to_pylist()] == [["a", 1], 2**70]


def test_an_error_in_the_middle_loses_nothing(server, client):
    rows = [lead(number, fit=number) for number in range(6)]
    server.plan(columns(), page(*rows[:3], cursor="a", total=6), *[reset()] * 8)
    with pytest.raises(ow.IncompleteRows) as stopped:
        ow.rows_batches(TABLE, client=client, batch_size=4)
    partial = stopped.value.partial
    assert json.loads(partial.schema.metadata[b"origami"])["complete"] is False
    assert partial.to_arrow()["fit"].to_pylist() == [0, 1, 2]
    server.plan(page(*rows[3:], total=6))
    reader = stopped.value.resume()
    assert reader.to_arrow()["fit"].to_pylist() == list(range(6))


@pytest.mark.posix
def test_a_page_that_a_full_disk_refuses_is_not_lost(server, client):
    resource = pytest.importorskip("resource")
    rows = [lead(number, fit=number) for number in range(6)]
    large = {**rows[3], "bakery": random.Random(1).randbytes(200_000).hex()}  # noqa: S311 - no secret
    server.plan(columns(), page(*rows[:3], cursor="a", total=6), page(large, *rows[4:], total=6))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The disk is full for this process, as soon as a file is larger than that.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(ow.IncompleteRows, match="File too large") as stopped:
            ow.rows_batches(TABLE, client=client)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert stopped.value.partial.to_arrow()["fit"].to_pylist() == [0, 1, 2]
    assert stopped.value.resume().to_arrow()["fit"].to_pylist() == list(range(6))


def open_files():
    """What this process has open in the folder for temporary files."""
    folder = Path(tempfile.gettempdir()).resolve()
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except OSError:
            continue
    return [target for target in targets if target.startswith(f"{folder}/")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists the open files of a process there")
@pytest.mark.parametrize("ending", ["read to the end", "dropped half-way", "never read", "an error"])
def test_nothing_stays_on_disk(server, client, ending, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = [lead(number) for number in range(6)]
    rest = [*[reset()] * 8] if ending == "an error" else [page(*rows[3:], total=6)]
    server.plan(columns(), page(*rows[:3], cursor="a", total=6), *rest)
    if ending == "an error":
        with pytest.raises(ow.IncompleteRows) as stopped:
            ow.rows_batches(TABLE, client=client)
        assert len(open_files()) == 1
        del stopped
    else:
        reader = ow.rows_batches(TABLE, client=client, batch_size=2)
        assert len(open_files()) == 1
        assert list(tmp_path.iterdir()) == []
        if ending == "dropped half-way":
            next(iter(reader))
        elif ending == "read to the end":
            assert reader.to_arrow().num_rows == 6
        del reader
    gc.collect()
    assert open_files() == []
    assert list(tmp_path.iterdir()) == []


def test_duckdb_polars_pandas_and_parquet_read_them(tmp_path):
    client = ow.Sandbox(speed=600).client()
    run = ow.start("Find 40 SaaS founders in Austin", client=client, show=False).wait("cells")
    table = run.tables[0]

    def reader():
        return ow.rows_batches(table, client=client, include_hidden=True, batch_size=7)

    frame = ow.rows_frame(table, client=client, include_hidden=True)
    leads = reader()
    count, fit = duckdb.sql("select count(*), sum(fit) from leads").fetchall()[0]
    assert (count, fit) == (len(frame), frame["fit"].sum())
    leads_in_polars = leads.to_polars()
    assert leads_in_polars.equals(pl.DataFrame(leads))
    assert leads_in_polars.equals(pl.from_arrow(leads.to_arrow()))
    assert leads_in_polars["fit"].to_list() == frame["fit"].astype(object).where(frame["fit"].notna(), None).to_list()
    (file,) = ow.export(reader(), tmp_path / "leads", format="parquet")
    back = pd.read_parquet(file)
    assert file.stem == table.name
    assert back.attrs["origami"]["table_id"] == table.id
    assert back["row_id"].to_list() == frame["row_id"].to_list()
    assert back["fit"].to_list() == frame["fit"].to_list()
    assert pq.read_schema(file).field("latest-funding.announced_on").type == pa.date32()
    assert leads.schema.equals(reader().schema)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "10", 10**7])
def test_a_batch_of_no_size_is_refused(server, client, size):
    with pytest.raises(InvalidInput, match="batch_size"):
        ow.rows_batches(TABLE, client=client, batch_size=size)
    assert server.requests == []


def test_without_pyarrow_it_says_what_to_install(server, client, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InvalidInput, match=r"origami-widgets\[parquet\]"):
        ow.rows_batches(TABLE, client=client)
    assert server.requests == []


def test_without_polars_it_says_what_to_install(monkeypatch):
    _, batches, _ = in_batches([{"id": "r1", "x": 1}], LISTED, 1)
    assert len(batches) == 1
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    table = LeadTable(LISTED, dtype_backend="pyarrow", kept=KindOnlyColumn)
    with pytest.raises(InvalidInput, match="pip install polars"):
        loaded_batches(table, [{"id": "r1", "x": 1}]).to_polars()


def test_what_a_partial_reader_has_stays_what_it_was(server, client):
    rows = [lead(number, fit=number) for number in range(6)]
    server.plan(columns(), page(*rows[:3], cursor="a", total=6), *[reset()] * 8)
    with pytest.raises(ow.IncompleteRows) as stopped:
        ow.rows_batches(TABLE, client=client)
    partial = stopped.value.partial
    server.plan(page(*rows[3:], total=6))
    assert stopped.value.resume().to_arrow().num_rows == 6
    assert partial.to_arrow().num_rows == 3


def test_several_readers_of_one_reading_do_not_disturb_each_other():
    spool = PageSpool()
    for number in range(5):
        spool.add([{"id": str(number)}])
    first, second = spool.pages(), spool.pages()
    mixed = [next(first), next(second), next(first), *second, *first]
    assert sorted(rows[0]["id"] for rows in mixed) == sorted([*"01234"] * 2)
    assert all(int(a[0]["id"]) < int(b[0]["id"]) for a, b in pairwise(list(spool.pages())))


def test_an_interrupt_in_the_middle_loses_nothing(server, client):
    rows = [lead(number, fit=number) for number in range(6)]
    server.plan(columns(), page(*rows[:3], cursor="a", total=6), page(*rows[3:], total=6))

    def interrupt(read, _total):
        if read == 3:
            raise KeyboardInterrupt

    with pytest.raises(ow.InterruptedRows) as stopped:
        ow.rows_batches(TABLE, client=client, progress=interrupt)
    assert stopped.value.partial.to_arrow()["fit"].to_pylist() == [0, 1, 2]
    assert stopped.value.resume().to_arrow()["fit"].to_pylist() == list(range(6))
