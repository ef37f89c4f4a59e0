"""The domain of a company by what stands in its lead's website and e-mail cells, and in lists of customers."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput

SAME = (
    *("nata.com.br", "NATA.com.br", "www.nata.com.br", "http://nata.com.br", "https://loja.nata.com.br:8443/pt?x=1#y"),
    *("//nata.com.br/", "ana@nata.com.br", "mailto:ana@nata.com.br?subject=Hi", "Ana.S+x@mail.nata.com.br"),
    *(" nata.com.br. ", "https://user:pass@nata.com.br/", "nata.com.br:8080", "loja.nata.com.br:443/x;y"),
    *("nata.com.br;nata.pt", "nata.com.br, nata.pt", "nata.com.br | nata.pt", "nata.com.br nata.pt", "nata.com.br,"),
    *("https://nata.com.br / https://nata.pt", "nata.com.br\nnata.pt", "ana@gmail.com;nata.com.br"),
    *("ana(at)nata.com.br", "ana [at] nata [dot] com.br", "ana(@)nata.com.br", "Ana Sá <ana@nata.com.br>"),
    *("facebook.com/nata; ana@nata.com.br", "E-mail: ana@nata.com.br (Ana)", ["", "nata.com.br"]),
    *("https://www.nata.com.br", "https://nata.com.br/a,b", "nata。com。br", "ana(at)nata(dot)com(dot)br"),
)
NONE = (
    *("", "n/a", "n.a.", "-", "none", "localhost", "10.0.0.1", "http://[::1]/", "com.br", "see nata.com", "nata.1"),
    *("ana@gmail.com", "ana@yahoo.co.uk", "ana@hotmail.fr", "a@b", "@", "https://", "http://[", "\ud83d.com"),
    *("a" * 300 + ".com", "nata..com", "-.com", "Nata. E mais.", "ana@gmail.com; rui@sapo.pt"),
    *("https://www.facebook.com/nata", "instagram.com/nata/", "pt.linkedin.com", "https://maps.google.com/?cid=1"),
    *("Nata do Porto", "file.pdf", "Dr.Smith", "node.js", "gmail.com", "GMX.de", "x.com/nata"),
    *(None, 7, True, pd.NA, float("nan"), {"url": "nata.com"}, [], [None]),
)
PROVIDERS = (
    *("gmail.com", "googlemail.com", "yahoo.fr", "yahoo.com.mx", "hotmail.be", "live.com.pt", "outlook.pt", "msn.com"),
    *("icloud.com", "gmx.at", "web.de", "t-online.de", "freenet.de", "vodafone.de", "posteo.de", "mailbox.org"),
    *("orange.fr", "wanadoo.fr", "free.fr", "bbox.fr", "laposte.net", "libero.it", "tim.it", "alice.it", "pec.it"),
    *("telefonica.net", "ono.com", "sapo.pt", "netcabo.pt", "mail.telepac.pt", "uol.com.br", "terra.com.br"),
    *("btinternet.com", "sky.com", "blueyonder.co.uk", "telenet.be", "ziggo.nl", "kpnmail.nl", "bluewin.ch", "aon.at"),
    *("wp.pl", "interia.pl", "seznam.cz", "azet.sk", "citromail.hu", "mail.ru", "yandex.ru", "ukr.net", "abv.bg"),
    *("online.no", "telia.com", "comhem.se", "luukku.com", "otenet.gr", "mynet.com", "walla.co.il", "qq.com"),
    *("naver.com", "docomo.ne.jp", "hinet.net", "rediffmail.com", "singnet.com.sg", "bigpond.com", "xtra.co.nz"),
    *("comcast.net", "att.net", "cox.net", "tampabay.rr.com", "q.com", "shaw.ca", "videotron.ca", "proton.me"),
    *("hey.com", "tuta.com", "duck.com", "privaterelay.appleid.com", "mweb.co.za", "cantv.net", "mailinator.com"),
)
PAGES = (
    *("amazon.de/dp/1", "amazon.com.br/shops/nata", "tripadvisor.pt/Restaurant_Review-1", "airbnb.fr/h/nata"),
    *("indeed.com/cmp/nata", "de.indeed.com/viewjob?jk=1", "glassdoor.co.uk/nata", "net-empregos.com/1", "itjobs.pt/1"),
    *("boards.greenhouse.io/nata", "jobs.lever.co/nata", "apply.workable.com/nata", "nata.teamtailor.com"),
    *("nata.jobs.personio.de", "weworkremotely.com/remote-jobs/1", "stepstone.de/1", "ziprecruiter.com/c/nata"),
    *("https://goo.gl/maps/1", "maps.app.goo.gl/1", "openstreetmap.org/node/1", "waze.com/ul?q=nata"),
    *("https://www.google.pt/maps/place/nata", "techcrunch.com/2026/01/01/nata", "publico.pt/1", "lemonde.fr/nata"),
    *("spiegel.de/nata", "forbes.com/nata", "eco.sapo.pt/nata", "prnewswire.com/nata", "crunchbase.com/organization/n"),
    *("yelp.de/biz/nata", "thefork.pt/nata", "yellowpages.com/nata", "gelbeseiten.de/nata", "g2.com/products/nata"),
    *("ebay.co.uk/usr/nata", "etsy.com/shop/nata", "booking.com/hotel/pt/nata", "pinterest.pt/nata", "bit.ly/nata"),
)


def only(value: object) -> object:
    (domain,) = ow.domain_of([value])
    return None if domain is pd.NA else domain


@pytest.mark.parametrize("value", SAME)
def test_all_spellings_of_one_companys_address(value):
    assert only(value) == "nata.com.br"


@pytest.mark.parametrize("value", NONE, ids=lambda value: repr(value)[:30].encode("ascii", "replace").decode())
def test_what_is_no_company_of_its_own(value):
    assert only(value) is None


@pytest.mark.sweep
@pytest.mark.parametrize("provider", PROVIDERS)
def test_addresses_at_mail_and_internet_providers_are_no_company(provider):
    assert only(f"ana@{provider}") is None


@pytest.mark.parametrize("page", PAGES)
def test_pages_on_sites_that_many_share_are_no_company(page):
    assert only(page) is None
    assert only(f"{page} ana@nata.pt") == "nata.pt"


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("https://linkedin.com/", "linkedin.com"),
        *((f"https://www.{domain}", domain) for domain in ("amazon.de", "gmail.com", "medium.com")),
        *((f"ana@{domain}", domain) for domain in ("google.com", "siemens.com", "edp.pt")),
        *(
            (domain, domain)
            for domain in ("padaria.webnode.pt", "padaria.myshopify.com", "xn--bckerei-5wa.de", "fass.de")
        ),
        ("padaria.wordpress.com/menu", "padaria.wordpress.com"),
        ("https://padaria.blogspot.pt/2026", "padaria.blogspot.pt"),
        ("www.padaria.blogspot.com.br", "padaria.blogspot.com.br"),
        ("amazon.github.io/x", "amazon.github.io"),
        ("https://www.nata.example/menu", "nata.example"),
        ("https://www.bäckerei.de", "xn--bckerei-5wa.de"),
        # IDNA 2008: ß and ς are letters of their own.
        ("https://Faß.de", "xn--fa-hia.de"),
        ("rui@βόλος.gr", "xn--nxasmm1c.gr"),
        ("https://www.siemens.com/global/en.html", "siemens.com"),
    ],
)
def test_sites_that_many_share_and_names_in_other_scripts(value, domain):
    assert only(value) == domain


@given(st.text() | st.from_regex(r"[a-z@:/.?#%;,<>() ß\[\]-]{0,30}", fullmatch=True))
def test_no_text_raises_and_a_domain_is_its_own_domain(text):
    domain = only(text)
    assert domain is None or only(domain) == domain
    assert domain is None or domain == domain.lower()


LABELS = (
    *("nata", "n", "-nata", "na-ta", "nata-", "xn--bckerei-5wa", "n" * 63, "n" * 64),
    *("www", "m", "co", "com", "facebook"),
)
ENDS = (
    *("pt", "com", "co.uk", "com.br", "uk", "ck", "kawasaki.jp", "city.kawasaki.jp"),
    *("github.io", "blogspot.pt", "ucoz.ru"),
)
parts = st.sampled_from(
    (*LABELS, *ENDS, "amazon", "gmail", "yahoo", "sapo", "ro", "jp", "example", "b\u00e4r", "N", "_", "", "1")
)
names = st.lists(parts, min_size=1, max_size=4).map(".".join)
starts = st.sampled_from(
    ("", "http://", "https://", "https://www.", "www.", "//", "ana@", "ana@www.", "a/b@", "@", "http:")
)
tails = st.sampled_from(
    ("", "/", "/x", "/x?a=b@nata.pt", "?a", "?a@nata.pt", "#", ":80", ":80/x", "/a b", " nata.pt", ".", "\n", "/@")
)


@given(st.lists(st.builds("{}{}{}".format, starts, names, tails), min_size=1, max_size=8))
def test_spaces_around_an_address_change_nothing(texts):
    # What has spaces around it is read with all care; most other addresses are read a quicker way.
    quick, careful = ow.domain_of(texts), ow.domain_of([f" {text} " for text in texts])
    assert quick.fillna("").tolist() == careful.fillna("").tolist()


def test_a_long_cell_takes_no_longer_than_its_length():
    for text in ("a" + " " * 200_000 + "b", "a." * 100_000, "@" * 200_000, "(at)" * 50_000, "ß" * 1_000 + ".de"):
        assert only(text) is None


@pytest.mark.parametrize("make", [pd.Series, pd.Index, list, tuple, lambda values: (each for each in values)])
def test_the_series_has_the_dtype_string_whatever_was_given(make):
    domains = ow.domain_of(make(["nata.pt/x", None, "ana@gmail.com"]))
    assert str(domains.dtype) == "string"
    assert domains.fillna("").to_list() == ["nata.pt", "", ""]
    assert str(ow.domain_of(make(["nata.pt"]), dtype_backend="pyarrow").dtype) == "string[pyarrow]"


def test_index_and_name_are_those_of_the_series():
    sites = pd.Series(["nata.pt", pd.NA], index=[7, 3], name="site", dtype="string")
    domains = ow.domain_of(sites)
    assert domains.index.to_list() == [7, 3]
    assert domains.name == "site"
    assert ow.domain_of(sites.astype("category")).fillna("").to_list() == ["nata.pt", ""]
    empty = ow.domain_of(pd.Series([], dtype="float64"))
    assert (len(empty), str(empty.dtype)) == (0, "string")


@pytest.mark.parametrize("given_", ["nata.pt", pd.DataFrame({"site": ["nata.pt"]}), None, 7])
def test_one_text_and_a_whole_frame_are_refused(given_):
    with pytest.raises(InvalidInput, match="one column"):
        ow.domain_of(given_)


def test_what_is_written_as_an_address_may_have_a_new_end_and_be_a_mail_providers_site():
    addresses = ["https://web.de/news", "https://nata.newend", "ana@nata.newend", "www.nata.newend", "nata.newend"]
    assert ow.domain_of(addresses).fillna("").tolist() == ["web.de", *["nata.newend"] * 3, ""]
