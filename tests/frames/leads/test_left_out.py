"""`leave_out=`: which leads a list leaves out, in whichever form it comes, and that nothing of it is sent."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.leads.left_out import identities

LEADS = pd.DataFrame(
    {
        "table_id": ["c", "c", "c", "p", "p", "p", "p"],
        "table_name": ["Companies"] * 3 + ["People"] * 4,
        "row_id": list("1234567"),
        "domain": ["acme.pt", "broa.pt", None, "acme.pt", "broa.pt", "broa.pt", "nata.pt"],
        "company": ["Acme", "Broa", "Only a page", "Acme", "Broa", "Broa", "Nata"],
        "full-name": [None, None, None, "Ana Sousa", "Rui Reis", "Eva Lima", "Rui Reis"],
        "email": [None, "info@broa.pt", "page@gmail.com", "ana@acme.pt", "rui@broa.pt", None, None],
    }
)


def left(leave_out: object, leads: pd.DataFrame = LEADS) -> str:
    """The row ids that stay."""
    return "".join(ow.leads_frame(leads, leave_out=leave_out)["row_id"])


@pytest.mark.parametrize(
    ("leave_out", "stays"),
    [
        # A company leaves out its people, an address only its person.
        (["https://www.acme.pt/en"], "23567"),
        (["ACME.pt", "broa.pt"], "37"),
        (["Ana@Acme.pt"], "123567"),
        (["page@gmail.com"], "124567"),
        (("ana@acme.pt", "broa.pt"), "137"),
        # By name and company only where one of both has no address.
        ([{"company": "Broa", "name": "EVA  lima", "website": "broa.pt"}], "123457"),
        ([{"company": "Nata", "name": "Rui Reis", "website": "nata.pt", "e-mail": "rui.reis@nata.pt"}], "123456"),
        ([{"company": "Broa", "name": "Rui Reis", "website": "broa.pt", "e-mail": "rr@broa.pt"}], "1234567"),
        ([{"name": "Rui Reis", "company website": "broa.pt", "e-mail": "rr@broa.pt"}], "1234567"),
        ([{"company": "Broa", "first_name": "Rui", "last_name": "Reis", "website": "broa.pt"}], "123467"),
        # With a contact, a row stands for the person; without, for the company.
        ([{"company": "Broa", "website": "broa.pt"}], "1347"),
        # Mail providers and sites that many companies share are no companies.
        (["gmail.com", "facebook.com", "facebook.com/nata", "nata.pt"], "123456"),
        ([], "1234567"),
        (None, "1234567"),
        (pd.DataFrame({"website": [], "name": []}), "1234567"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*leave out nothing")
def test_companies_go_by_domain_and_people_by_address(leave_out, stays):
    assert left(leave_out) == stays


ADDRESSES = pd.DataFrame({"Kontakt": ["rui@broa.pt", "ana@acme.pt"], "Nr.": [1, 2]})


@pytest.mark.parametrize(
    "customers",
    [
        pd.DataFrame({"Firma": ["Acme", "Broa"], "Webseite": ["acme.pt", "https://broa.pt/x"], "PLZ": ["01", "02"]}),
        pd.DataFrame({"website": ["acme.pt", "broa.pt"], "e-mail": ["a@gmail.com", None]}),
        pd.Series(["acme.pt", "broa.pt"], index=[7, 9]),
        pd.Index(["acme.pt", "broa.pt"]),
        pd.Series(["acme.pt", "broa.pt"]).to_numpy(),
        [pd.Series(["acme.pt"]), ["broa.pt"]],
        {"acme.pt", "broa.pt"},
        pa.table({"website": ["acme.pt", "broa.pt"]}),
        [{"url": "acme.pt"}, {"url": "broa.pt"}],
        (each for each in ("acme.pt", "broa.pt")),
        pd.DataFrame({"Company domain name": ["acme.pt", "broa.pt"], "Name": ["Acme", "Broa"], "City": ["Porto"] * 2}),
        pd.DataFrame({"Website": ["acme.pt", "broa.pt"], "Name": ["Acme", "Broa"], "Account manager": ["Rui", "Eva"]}),
    ],
    ids=lambda customers: type(customers).__name__,
)
def test_a_list_may_have_any_form(customers):
    assert left(customers) == "37"


def test_what_a_column_holds_counts_more_than_its_name(tmp_path):
    assert left(ADDRESSES) == "12367"
    links = pd.DataFrame({"company": ["Acme"], "LinkedIn": ["acme.pt"], "website": ["broa.pt"]})
    assert left(links) == "1347"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_files_are_read(tmp_path, separator):
    path = tmp_path / "customers.csv"
    path.write_text(
        f"Größe{separator}Website\n1{separator}acme.pt\n2{separator}broa.pt\n", encoding="utf-8-sig", newline="\r\n"
    )
    assert left(path) == left(str(path)) == left([str(path), "nata.pt"]) + "7" == "37"
    path.write_text(f"Größe{separator}Website\n1{separator}acme.pt\n", encoding="cp1252")
    assert left(path) == "23567"


def test_workbooks_parquet_files_and_files_without_a_heading_are_read(tmp_path):
    frame = pd.DataFrame({"Website": ["acme.pt", "broa.pt"]})
    frame.to_excel(tmp_path / "customers.xlsx", index=False)
    frame.to_parquet(tmp_path / "customers.parquet")
    (tmp_path / "optouts.csv").write_text("rui@broa.pt\nana@acme.pt\n")
    assert left(tmp_path / "customers.xlsx") == left(tmp_path / "customers.parquet") == "37"
    assert left(tmp_path / "optouts.csv") == "12367"
    (tmp_path / "domains.txt").write_text("acme.pt\nwww.broa.pt\n")
    assert left(tmp_path / "domains.txt") == "37"
    for name in ("customers.xlsx", "customers.parquet", "missing.csv", "missing.parquet"):
        if name.startswith("customers"):
            (tmp_path / name).write_bytes(b"damaged")
        with pytest.raises(InvalidInput, match="can't be read"):
            left(tmp_path / name)


def test_last_weeks_people_leave_out_themselves_and_not_their_companies():
    assert left(LEADS[LEADS["row_id"] == "4"]) == "123567"
    assert left(LEADS[LEADS["row_id"] == "1"]) == "23567"
    assert left(LEADS.iloc[[2]].assign(email=None)) == "124567"


@pytest.mark.parametrize("leave_out", [["Acme", "Broa"], ["gmail.com"], pd.DataFrame({"company": ["Acme"]}), [1, 2]])
def test_a_list_without_anybody_is_an_error(leave_out):
    with pytest.raises(InvalidInput, match="has no company or person"):
        left(leave_out)


def test_a_name_is_a_companys_in_one_table_and_a_persons_in_another():
    heads = ["table_id", "row_id", "domain", "name", "full_name", "company"]
    people = [("p", "2", "acme.pt", None, "Ana Sousa", "Acme"), ("p", "3", "acme.pt", None, "Rui Reis", "Acme")]
    leads = pd.DataFrame([("c", "1", "acme.pt", "Acme", None, None), *people], columns=heads)
    assert [each.name for each in identities(leads)] == ["", "ana sousa", "rui reis"]
    beside = leads.iloc[1:].rename(columns={"full_name": "name", "name": "x", "company": "company_website"})
    assert [each.name for each in identities(beside.assign(email="a@acme.pt"))] == ["ana sousa", "rui reis"]
    assert left(leads.iloc[[1]], leads) == "13"
    assert left(leads.iloc[[0]].drop(columns="row_id"), leads) == ""


def test_what_is_no_list_is_an_error():
    for given in (7, "acme.pt", {"a": 1}, object(), ["ana@acme.pt", object()], (each for each in [object()])):
        with pytest.raises(InvalidInput, match="needs a list") as caught:
            left(given)
        assert "ana@" not in str(caught.value)


def test_rows_that_name_nobody_are_named_by_their_positions():
    with pytest.warns(RuntimeWarning, match="1 of 2, position 1") as said:
        assert left(["acme.pt", "Broa Secreta"]) == "23567"
    assert "Secreta" not in str(said[0].message)


def test_how_many_were_left_out_is_in_the_notes_also_with_chosen_columns():
    found = ow.leads_frame(LEADS, leave_out=["acme.pt", "rui@broa.pt"], columns=["company"])
    assert found.columns.to_list() == ["company", "table_id", "row_id"]
    counts = {"leads": 3, "of_tables": {"p": 2, "c": 1}, "list_rows": 2, "unrecognized": 0}
    assert found.attrs["origami"]["left_out"] == counts


def test_a_name_is_no_formula():
    (known,) = identities(pd.DataFrame({"company": ["Acme"], "name": ["=CMD()"], "website": ["acme.pt"]}))
    assert known.named == "cmd(), acme.pt"


def test_nothing_of_the_list_is_sent_and_runs_are_read(bakeries, tmp_path):
    run = bakeries
    leads = ow.leads_frame(run)
    assert ow.leads_frame(run, leave_out=run).empty
    customers = leads["domain"].dropna().head(3)
    kept = ow.leads_frame(run, leave_out=customers)
    assert len(kept) + kept.attrs["origami"]["left_out"]["leads"] == len(leads)
    assert not kept["domain"].isin(customers).any()
    assert ow.refresh_leads(kept).new.empty

    files = ow.export(run, tmp_path / "leads", leave_out=customers)
    files += ow.export(leads, tmp_path / "frame.csv", leave_out=customers)
    files += ow.export(run, tmp_path / "leads.csv", leave_out=customers)
    for each in files:
        assert not any(domain in each.read_text("utf-8-sig") for domain in customers)
    (book,) = ow.export(run, tmp_path / "leads.xlsx", leave_out=customers)
    facts = pd.read_excel(book, sheet_name="Summary", header=None).set_index(0)[1]
    assert facts["Left out by your list"] == f"{len(leads) - len(kept)} leads"
    (plain,) = ow.export(run, tmp_path / "all.xlsx")
    others = pd.read_excel(plain, sheet_name="Summary", header=None).set_index(0)[1]
    assert facts.get("Left out") == others.get("Left out")
    assert ow.leads_frame(run, leave_out=plain).empty, "its sheets of leads are read, and not its summary"
