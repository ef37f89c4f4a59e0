"""Write the lists of shared domains that others keep: mail providers, and sites on which many companies have a page.

`python .ci/domain_lists.py FOLDER` reads clones of their repositories in FOLDER, each at FOLDER/OWNER/NAME, and writes
`origami_widgets/frames/leads/domains/`. Lists named `*_ours.txt` there are ours: edit them by hand.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

LISTS = Path(__file__).parents[1] / "origami_widgets/frames/leads/domains"
NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
HOME_PAGES = re.compile(r"/?(?:[a-z]{2}/?)?")
"""Paths of a home page. A longer one is part of a site that is a company, too: `python.org/jobs`."""


class Source(NamedTuple):
    """A list that another project keeps."""

    file: str
    repository: str
    path: str
    licence: str
    read: Callable[[str], Iterable[str]]


def hosts(addresses: Iterable[str]) -> Iterable[str]:
    """Return the hosts of home pages, without `www`."""
    for address in addresses:
        parts = urlsplit(address.strip())
        if parts.hostname and HOME_PAGES.fullmatch(parts.path):
            yield parts.hostname.removeprefix("www.")


SOURCES = (
    Source(
        "mail_kikobeats.txt",
        "Kikobeats/free-email-domains",
        "domains.json",
        "MIT, Copyright 2017 Kiko Beats",
        json.loads,
    ),
    Source(
        "sites_jobs.txt",
        "emredurukn/awesome-job-boards",
        "README.md",
        "CC0-1.0",
        lambda text: hosts(re.findall(r"\]\((https?://[^)\s]+)", text)),
    ),
    Source(
        "sites_press.txt",
        "flairNLP/fundus",
        "src/fundus/publishers",
        "MIT, Copyright 2023 Max Dallabetta, Conrad Dobberstein, Aaron Wey",
        lambda text: hosts(re.findall(r'domain="([^"]+)"', text)),
    ),
    Source(
        "sites_news.txt",
        "AndyTheFactory/newspaper4k",
        "newspaper/resources/misc/popular_sources.txt",
        "MIT, Copyright 2013 Lucas Ou-Yang",
        lambda text: hosts(f"//{line}" for line in text.splitlines()),
    ),
    Source(
        "sites_social.txt",
        "matomo-org/searchengine-and-social-list",
        "Socials.yml",
        "CC0-1.0",
        re.compile(r"^ +- ([a-z0-9.-]+)$", re.MULTILINE).findall,
    ),
)


def main(folder: Path) -> None:
    """Write each list, sorted, below a head that says where it comes from."""
    suffixes = PublicSuffixList()
    for source in SOURCES:
        clone = folder / source.repository
        names = git(clone, "ls-tree", "-r", "--name-only", "HEAD", source.path).splitlines()
        text = "\n".join(git(clone, "show", f"HEAD:{name}") for name in names)
        found = {name.lower() for name in source.read(text)}
        kept = sorted(name for name in found if NAME.fullmatch(name) and suffixes.privatesuffix(name))
        head = (
            f"# From https://github.com/{source.repository} ({source.path}) of "
            f"{git(clone, 'log', '-1', '--format=%cs').strip()}\n"
            f"# Licence: {source.licence}\n"
            "# Written by .ci/domain_lists.py: do not edit.\n"
        )
        (LISTS / source.file).write_text(head + "\n".join(kept) + "\n", encoding="utf-8")
        print(f"{source.file}: {len(kept)}")


def git(clone: Path, *arguments: str) -> str:
    """Return what a command of git prints about a clone."""
    return subprocess.run(  # noqa: S603
        ["git", "-C", str(clone), *arguments],  # noqa: S607
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
