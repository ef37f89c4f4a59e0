"""What pip is set to reaches uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ci.scripts import load

pip_settings, uv_environment = load("pip_settings").pip_settings, load("pip_settings").uv_environment

if TYPE_CHECKING:
    from pathlib import Path

LISTING = """
:env:.cert='/etc/mirror.pem'
global.cert='/etc/other.pem'
global.index-url='https://mirror.example/simple'
install.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.disable-pip-version-check='1'
"""


def test_the_more_particular_section_wins() -> None:
    assert pip_settings(LISTING)["cert"] == "/etc/mirror.pem"


def test_mirror_and_certificate_reach_uv() -> None:
    assert uv_environment(pip_settings(LISTING), {}) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/etc/mirror.pem",
    }


def test_what_is_set_for_uv_stays() -> None:
    assert uv_environment({"index-url": "https://a.example"}, {"UV_DEFAULT_INDEX": "https://b.example"}) == {}


def test_folders_of_wheels_that_are_not_there_are_passed_over(tmp_path: Path) -> None:
    links = f"{tmp_path} {tmp_path / 'missing'} https://wheels.example/"
    assert uv_environment({"find-links": links}, {}) == {"UV_FIND_LINKS": f"{tmp_path},https://wheels.example/"}
