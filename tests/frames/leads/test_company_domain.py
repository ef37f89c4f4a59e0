"""The domain of a company by what stands in its lead's website and e-mail cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.frames.leads.company_domain import MAIL_PROVIDERS, company_domain

SAME = (
    *("nata.com.br", "NATA.com.br", "www.nata.com.br", "http://nata.com.br", "https://loja.nata.com.br:8443/pt?x=1#y"),
    *(
        "//nata.com.br/",
        "ana@nata.com.br",
        "mailto:ana@nata.com.br?subject=Hi",
        "Ana.S+x@mail.nata.com.br",
        " nata.com.br. ",
    ),
    *("https://user:pass@nata.com.br/", ["", "nata.com.br"]),
)
NONE = (
    *(
        "",
        "n/a",
        "n.a.",
        "-",
        "none",
        "localhost",
        "10.0.0.1",
        "http://[::1]/",
        "com.br",
        "see nata.com",
        "nata.1",
    ),
    *(
        "ana@gmail.com",
        "ana@yahoo.co.uk",
        "ana@hotmail.fr",
        "a@b",
        "@",
        "https://",
        "http://[",
        "\ud83d.com",
        "a" * 300 + ".com",
    ),
    *(
        "https://www.facebook.com/nata",
        "instagram.com/nata/",
        "pt.linkedin.com",
        "https://maps.google.com/?cid=1",
        "x.com/nata",
    ),
    *(None, 7, True, {"url": "nata.com"}, [], [None]),
)


@pytest.mark.parametrize("value", SAME)
def test_all_spellings_of_one_companys_address(value):
    assert company_domain(value) == "nata.com.br"


@pytest.mark.parametrize("value", NONE, ids=lambda value: repr(value)[:30].encode("ascii", "replace").decode())
def test_what_is_no_company_of_its_own(value):
    assert company_domain(value) is None


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("https://linkedin.com/", "linkedin.com"),
        ("jobs@google.com", "google.com"),
        ("https://gmail.com", "gmail.com"),
        ("padaria.wordpress.com/menu", "padaria.wordpress.com"),
        ("https://padaria.myshopify.com", "padaria.myshopify.com"),
        ("https://medium.com", "medium.com"),
        ("https://www.nata.example/menu", "nata.example"),
        ("https://www.bäckerei.de", "xn--bckerei-5wa.de"),
        ("xn--bckerei-5wa.de", "xn--bckerei-5wa.de"),
    ],
)
def test_sites_that_many_share_and_names_in_other_scripts(value, domain):
    assert company_domain(value) == domain


@given(st.text() | st.from_regex(r"[a-z@:/.?#%\[\]-]{0,30}", fullmatch=True))
def test_no_text_raises_and_a_domain_is_its_own_domain(text):
    domain = company_domain(text)
    assert domain is None or company_domain(domain) == domain
    assert domain is None or domain == domain.lower()


def test_providers_are_written_as_they_are_registered():
    assert {company_domain(provider) for provider in MAIL_PROVIDERS} == MAIL_PROVIDERS
