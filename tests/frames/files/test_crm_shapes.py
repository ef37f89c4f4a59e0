"""What a CRM imports: checked by what its maker's documentation says, not by the code that writes it."""

from __future__ import annotations

import csv
import re

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files.crm_shapes import e164, is_shared_mailbox, split_name

# https://knowledge.hubspot.com/import-and-export/set-up-your-import-file, read in August 2026
CONTACT_HEADS = {
    *("Email", "First name", "Last name", "Phone number", "Job title", "Company name", "Company domain name"),
    *("Website URL", "City", "Country/Region", "Additional email addresses"),
}
COMPANY_HEADS = {"Company domain name", "Name", "Phone number", "Website URL", "City", "Country/Region"}
ASKED_FOR = {"Note"}
"""The one head that the wizard asks for."""
LONGEST = 65_536
MOST_COLUMNS, MOST_ROWS = 1_000, 1_048_576
EMAIL = re.compile(r"[^\s@;,]+@[^\s@;,]+\.[^\s@;,]+")
PHONE = re.compile(r"\+\d{8,15}( ext\d+)?")
DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z0-9-]{2,}")


def rows_of(file):
    raw = file.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(raw.decode("utf-8").splitlines(keepends=True), strict=True))


def heads_of(file):
    return next(csv.reader(file.read_text("utf-8").splitlines()))


def problems_of(contacts, companies):
    """What HubSpot would refuse, or ask about, in the two files of an import."""
    found = []
    for file, heads, key in ((contacts, CONTACT_HEADS, "Email"), (companies, COMPANY_HEADS, "Company domain name")):
        names, rows = heads_of(file), rows_of(file)
        found += [f"{file.name}: head {name}" for name in names if name not in heads | ASKED_FOR]
        found += [f"{file.name}: no {key}"] * (key not in names or len(names) != len(set(names)))
        found += [f"{file.name}: too large"] * (len(names) > MOST_COLUMNS or len(rows) > MOST_ROWS)
        keys = [row[key].lower() for row in rows]
        found += [f"{file.name}: {each} twice" for each in set(keys) if keys.count(each) > 1]
        for row in rows:
            checks = {"Email": EMAIL, "Phone number": PHONE, "Company domain name": DOMAIN}
            for name, pattern in checks.items():
                if row.get(name) and not pattern.fullmatch(row[name]):
                    found.append(f"{file.name}: {name} {row[name]}")
            if not row[key]:
                found.append(f"{file.name}: a row without {key}")
            for name, text in row.items():
                if len(text) > LONGEST or text[:1] in ("=", "@", "\t", "'"):
                    found.append(f"{file.name}: {name} {text[:20]}")
            for more in filter(None, (row.get("Additional email addresses") or "").split(";")):
                if not EMAIL.fullmatch(more) or more.lower() in keys:
                    found.append(f"{file.name}: additional {more}")
    return found


def exported(source, folder, shape="hubspot", **options):
    return ow.export(source, folder / "hubspot.csv", shape=shape, **options)


def test_hubspot_takes_the_files_of_a_run_and_each_lead_is_somewhere(founders, tmp_path):
    contacts, companies, left_out = exported(founders, tmp_path)
    names = ["hubspot-contacts.csv", "hubspot-companies.csv", "hubspot-left-out.csv"]
    assert [file.name for file in (contacts, companies, left_out)] == names
    assert problems_of(contacts, companies) == []
    kept = ow.leads_frame(founders, of="companies")
    assert set(kept["domain"].dropna()) == {row["Company domain name"] for row in rows_of(companies)}
    people = ow.leads_frame(founders, of="people")
    people = people[people["company_qualified"].astype(bool)]
    emails = {row["Email"] for row in rows_of(contacts)}
    assert set(people["work_email"].dropna()) <= emails
    assert int(people["work_email"].isna().sum()) == len(pd.read_csv(left_out))
    assert not any(is_shared_mailbox(each) for each in emails)


HEADS = {
    "en": ("Company name", "Website", "First name", "Last name", "Job title", "E-mail", "Phone", "Country"),
    "de": ("Firmenname", "Internetseite", "Vorname", "Nachname", "Funktion", "E-Mail", "Telefon", "Land"),
    "fr": ("Société", "Site web", "Prénom", "Nom", "Fonction", "Adresse e-mail", "Téléphone", "Pays"),
    "es": ("Empresa", "Sitio web", "Nombre", "Apellidos", "Cargo", "Correo electrónico", "Teléfono", "País"),
    "pt": ("Nome da empresa", "Site", "Nome", "Apelido", "Cargo", "Endereço de e-mail", "Telemóvel", "País"),
    "it": ("Azienda", "Sito web", "Nome", "Cognome", "Ruolo", "Indirizzo e-mail", "Cellulare", "Paese"),
    "nl": ("Bedrijfsnaam", "Website", "Voornaam", "Achternaam", "Functie", "E-mailadres", "Telefoonnummer", "Land"),
}


@pytest.mark.parametrize("language", HEADS)
def test_headings_in_seven_languages_have_their_roles(language, tmp_path):
    cells = ("Acme", "acme.pt", "Ana", "Sousa", "CEO", "ana@acme.pt", "211234567", "Portugal")
    contacts, companies, _ = exported(pd.DataFrame([cells], columns=HEADS[language]), tmp_path)
    wanted = {"Email": "ana@acme.pt", "First name": "Ana", "Last name": "Sousa", "Phone number": "+351211234567"}
    wanted |= {"Job title": "CEO", "Company name": "Acme", "Company domain name": "acme.pt", "Website URL": "acme.pt"}
    assert rows_of(contacts) == [wanted | {"Country/Region": "Portugal"}]
    assert rows_of(companies)[0]["Name"] == "Acme"


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+1 555 0127", "", "+15550127"),
        ("+49 (0)30 1234567", "", "+49301234567"),
        ("00351 211 234 567", "", "+351211234567"),
        ("+1-212-555-0127 ext. 12", "", "+12125550127"),
        ("+1 212 555 0127 x12", "", "+12125550127"),
        ("0211 234567", "Germany", "+49211234567"),
        ("06 1234 5678", "Italia", "+390612345678"),
        ("1 212 555 0127", "United States", "+12125550127"),
        ("212 555 0127", "usa", "+12125550127"),
        *((text, "", None) for text in ("211 234 567", "+1234567", "+1234567890123456", "+0 30 1234567")),
        *((text, "Germany", None) for text in ("211 234567", "call us", "=1+2")),
        *(("3.51912E+11", "PT", None), ("0211 234567", "Atlantis", None)),
    ],
)
def test_a_phone_is_e164_only_with_its_country(text, country, expected):
    assert e164(text, country) == expected


WHOLE = (
    *("Ana Maria Sousa", "Ana de", "Prof. Sousa", "Sousa, Ana", "J. Sousa", "Cher", "Dr Sousa", "Van Gogh"),
    *("王 小明", "محمد علي", "Иван Петров", "Ana 🥐"),
)
SPLIT = {"Ana Sousa": ("Ana", "Sousa"), "Jean-Luc O'Neil": ("Jean-Luc", "O'Neil")}


@pytest.mark.parametrize(("text", "expected"), [*SPLIT.items(), *((whole, ("", whole)) for whole in WHOLE)])
def test_a_name_is_split_only_where_nobody_can_doubt_it(text, expected):
    assert split_name(text) == expected


def test_what_cannot_be_imported_is_left_out_with_the_reason(tmp_path):
    people = [
        {"Company": "Acme", "Name": "=cmd|' /C calc'!A0", "E-mail": "a@acme.pt"},
        {"Company": "@acme", "Name": "Ana Sousa", "E-mail": "b@acme.pt"},
        {"Company": "\t=1+1", "Name": "Ana Sousa", "E-mail": "c@acme.pt"},
        {"Company": "Acme", "Name": "Ana Sousa", "E-mail": "info@acme.pt"},
        {"Company": "Acme", "Name": "Ana Sousa", "E-mail": None},
        {"Company": "Acme", "Name": "Ana Sousa", "E-mail": "ana at acme"},
        {"Company": "Acme", "Name": "x" * 70_000, "E-mail": "d@acme.pt"},
        {"Company": "Acme", "Name": "محمد علي 🥐", "E-mail": "e@acme.pt; f@acme.pt, info@acme.pt"},
        {"Company": "Acme", "Name": "y" * 32_000, "E-mail": "g@acme.pt"},
        {"Company": "Acme", "Name": "Ana Sousa", "E-mail": "E@Acme.pt"},
    ]
    contacts, companies, left_out = exported(pd.DataFrame(people), tmp_path)
    assert problems_of(contacts, companies) == []
    written = {row["Email"]: row for row in rows_of(contacts)}
    assert list(written) == ["e@acme.pt", "g@acme.pt"]
    assert written["e@acme.pt"]["Additional email addresses"] == "f@acme.pt"
    assert [row["Company domain name"] for row in rows_of(companies)] == ["acme.pt"]
    raw = left_out.read_bytes()
    why = pd.read_csv(left_out)["Left out because"].to_list()
    assert why == [
        "Last name begins like a formula",
        "Company name begins like a formula",
        "Company name begins like a formula",
        "info@acme.pt is an address of the company",
        "Email is missing",
        "Email is missing",
        "Last name is longer than 65,536 characters",
        "E@Acme.pt is in an earlier row, too",
    ]
    # This one is to be looked at, in a spreadsheet.
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"'=cmd" in raw
    assert pd.read_csv(left_out)["Note"].to_list()[5] == "E-mail: ana at acme"


def test_a_phone_that_lacks_its_country_is_in_the_note_as_written(tmp_path):
    one = {"Company": "Acme", "Website": "acme.pt", "Phone": "21 123 / +351 91 1234567, 22-22"}
    _, companies, _ = exported(pd.DataFrame([one]), tmp_path)
    (row,) = rows_of(companies)
    assert (row["Phone number"], row["Note"]) == ("+351911234567", "Phone: 21 123; Phone: 22-22")


def test_a_lead_may_be_company_and_person_and_a_mail_host_is_no_domain(tmp_path):
    both = [
        {"Company": "Acme", "Website": "https://www.acme.pt/en", "Contact e-mail": "ana@acme.pt"},
        {"Company": "Fado", "Website": None, "Contact e-mail": "rui@gmail.com"},
        {"Company": "Pão", "Website": "facebook.com/pao", "Contact e-mail": "info@pao.pt"},
    ]
    contacts, companies, left_out = exported(pd.DataFrame(both), tmp_path)
    assert [(row["Email"], row["Company domain name"]) for row in rows_of(contacts)] == [
        ("ana@acme.pt", "acme.pt"),
        ("rui@gmail.com", ""),
    ]
    assert [row["Company domain name"] for row in rows_of(companies)] == ["acme.pt", "pao.pt"]
    assert pd.read_csv(left_out)["Name"].to_list() == ["Fado"]


def test_only_what_the_brief_kept_is_written(founders, tmp_path):
    companies = ow.leads_frame(founders, of="companies", include_hidden=True)
    files = exported(companies, tmp_path)
    assert len(rows_of(files[1])) == int(companies["qualified"].sum()) < len(companies)
    people = ow.leads_frame(founders, of="people")
    people["company_qualified"] = pd.array([pd.NA, False] + [True] * (len(people) - 2), dtype="boolean")
    people["work_email"] = [f"p{at}@acme.pt" for at in range(len(people))]
    contacts, _, left_out = exported(people, tmp_path, overwrite=True)
    assert len(rows_of(contacts)) == len(people) - 2
    assert pd.read_csv(left_out)["Email"].to_list() == ["p0@acme.pt"]


def test_a_column_of_names_has_persons_or_companies_by_the_other_columns(tmp_path):
    person = pd.DataFrame({"Name": ["Ana Sousa"], "E-mail": ["ana@gmail.com"]})
    company = pd.DataFrame({"Name": ["Acme"], "Website": ["acme.pt"], "E-mail": ["info@acme.pt"]})
    contacts, companies, left_out = exported({"people": person, "companies": company}, tmp_path)
    assert [(row["First name"], row["Last name"]) for row in rows_of(contacts)] == [("Ana", "Sousa")]
    assert [row["Name"] for row in rows_of(companies)] == ["Acme"]
    assert pd.read_csv(left_out).empty


def test_what_is_known_of_a_lead_itself_comes_before_what_another_says(tmp_path):
    company = pd.DataFrame(
        {"Company": ["Acme"], "Website": ["acme.pt"], "Contact e-mail": ["ana@acme.pt"], "City": "Faro"}
    )
    person = pd.DataFrame({"Company": ["Acme SA"], "Name": ["Ana Sousa"], "E-mail": ["Ana@acme.pt"]})
    for order in ([company, person], [person, company]):
        frames = dict(enumerate(order))
        contacts, companies, left_out = exported(
            {f"f{at}": frame for at, frame in frames.items()}, tmp_path, overwrite=True
        )
        assert [row["Last name"] for row in rows_of(contacts)] == ["Sousa"]
        assert [(row["Name"], row["City"]) for row in rows_of(companies)] == [("Acme", "Faro")]
        assert pd.read_csv(left_out).empty


def test_what_a_list_leaves_out_is_in_no_file(founders, tmp_path):
    kept = ow.leads_frame(founders, of="companies")
    files = exported(founders, tmp_path, leave_out=kept["domain"].dropna().to_list()[:3])
    assert all(domain not in file.read_text("utf-8") for file in files for domain in kept["domain"][:3])


def test_an_empty_run_gives_files_with_heads_and_a_grid_its_leads(founders, tmp_path):
    empty = ow.Run.from_payload({"object": "run", "id": "r", "agentId": "a", "status": "completed"})
    contacts, companies, left_out = exported(empty, tmp_path)
    assert (rows_of(contacts), rows_of(companies)) == ([], [])
    assert heads_of(contacts) == ["Email"]
    assert len(pd.read_csv(left_out)) == 0
    files = exported(ow.leads(founders), tmp_path, overwrite=True)
    assert problems_of(*files[:2]) == []
    assert rows_of(files[1])


OWN = {
    "people": {"Last Name": "last_name", "Company": "company", "Rating": "Score", "Phone": "phone"},
    "required": {"people": ["Last Name", "Company"]},
    "longest": {"Last Name": 80},
}


def test_a_dict_has_heads_roles_and_columns_of_ones_own(tmp_path):
    frame = pd.DataFrame(
        {"Company": ["Acme", "Acme", None], "Name": ["Ana Sousa", "x" * 81, "Rui Faria"], "Score": [7, 8, 9]}
    )
    people, left_out = exported(frame.assign(Phone="21 123"), tmp_path, shape=OWN)
    assert people.name == "hubspot-people.csv"
    # A shape without a note keeps the phone as it is.
    assert rows_of(people) == [{"Last Name": "Sousa", "Company": "Acme", "Rating": "7", "Phone": "21 123"}]
    assert pd.read_csv(left_out)["Left out because"].to_list() == [
        "Last Name is longer than 80 characters",
        "Company is missing",
    ]
    with pytest.raises(InvalidInput, match="unknown column"):
        exported(frame, tmp_path, shape={"people": {"Rating": "Fit"}}, overwrite=True)


@pytest.mark.parametrize(
    "shape", ["salesforce", {}, {"people": {}}, {"people": ["Email"]}, {"leads": {"a": "email"}}, 5]
)
def test_another_shape_is_refused_with_an_example(shape, tmp_path):
    with pytest.raises(InvalidInput, match="Unknown shape") as caught:
        exported(pd.DataFrame({"E-mail": ["a@b.pt"]}), tmp_path, shape=shape)
    assert "last_name" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "options"),
    [("crm", {}), ("crm.xlsx", {}), ("crm.parquet", {}), ("crm.csv", {"what": "frames"}), ("crm/", {})],
)
def test_a_shape_needs_a_csv_file(founders, tmp_path, name, options):
    with pytest.raises(InvalidInput, match="A shape needs a CSV file"):
        ow.export(founders, f"{tmp_path}/{name}", shape="hubspot", **options)


def test_companies_and_people_are_two_files_for_people_too(founders, tmp_path):
    files = ow.export(founders, tmp_path / "founders.csv")
    assert [file.name for file in files] == ["founders-companies.csv", "founders-people.csv"]
    for file in files:
        heads = pd.read_csv(file, nrows=0).columns
        assert not [
            head for head in heads if re.search(r"found$|confidence|reasoning|source|_id$", head, re.IGNORECASE)
        ]
    (one,) = ow.export(founders.tables[0], tmp_path / "one.csv")
    assert one.name == "one.csv"
