"""The hooks that MkDocs calls to build the site: they turn notebooks, docstrings and the README into pages."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # where `mkdocs` itself is called, and not `python -m mkdocs`
    sys.path.insert(0, str(ROOT))

import origami_widgets as ow  # noqa: E402 - as below
from notebooks.site import assistants, executed, listings, pages, reference  # noqa: E402 - after the line that makes it possible

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

log = get_plugin_logger("origami_widgets")

# Pages made from files of the repository, so that both say the same.
ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "tests/README.md": "tests.md",
    "RELEASING.md": "releasing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
# README links to pages that only the site has by their public address; within the site they are pages like all others.
PUBLIC = re.compile(r"\]\(https://origami-widgets\.github\.io/origami-widgets/([\w/-]+)\.html")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)")
# Badges become text: a browser would fetch the image from another host.
BADGE = re.compile(r"!\[([^\]]*)\]\(https?:[^)]*\)")
# A public name in prose: `ow.start`, or a name that is unmistakable without `ow.`.
NAME = re.compile(r"(<a\b[^>]*>)?<code>(ow\.)?(\w+)(\([^<]*\))?</code>")
ALSO = {"attach", "configure", "start"}

TRY = Path(__file__).with_name("try.md")
PAGE_OF_LEADS = "assets/founders.html"

_outputs: dict[str, tuple[str, ...]] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    if missing := reference.without_a_place():
        log.warning("No page in notebooks/reference describes %s", ", ".join(missing))
    for name, notebook in executed.run_all(executed.names()).items():
        if isinstance(notebook, BaseException):
            raise notebook
        made = pages.page_of(notebook, name)
        place = f"{Path(name).stem}.md"
        _outputs[place] = made.outputs
        files.append(File.generated(config, place, content=made.markdown))
    for name, place in ROOT_PAGES.items():
        files.append(File.generated(config, place, content=(ROOT / name).read_text(encoding="utf-8")))
    files.append(File.generated(config, "try.md", content=TRY.read_text(encoding="utf-8")))
    files.append(File.generated(config, PAGE_OF_LEADS, content=page_of_leads()))
    written = {f"{path.stem}.md" for path in executed.NOTEBOOKS.iterdir() if path.suffix in {".ipynb", ".md"}}
    guides = [place for place in re.findall(r"[\w-]+\.md", str(config.nav)) if place in written]
    reported = assistants.llms_txt((place, files.src_uris[place].content_string) for place in guides)
    files.append(File.generated(config, assistants.PLACE, content=reported))
    return files


def page_of_leads() -> str:
    """Return the page that `export` writes of a run of the sandbox."""
    client = ow.Sandbox(speed=600).client()
    brief = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"
    run = ow.start(brief, client=client, show=False).wait("cells")
    with tempfile.TemporaryDirectory() as folder:
        return run.export(f"{folder}/founders.html")[0].read_text(encoding="utf-8")


def on_page_markdown(markdown: str, *, page: Page, **_more: object) -> str:
    """Point links to their targets in the site."""
    place = page.file.src_uri
    if place.startswith("reference/"):
        return listings.with_listings(markdown)

    def moved(link: re.Match[str]) -> str:
        target, anchor = link[1], link[2] or ""
        # Notebooks keep the capitals of a heading in its anchor.
        anchor = anchor.lower() if place in _outputs else anchor
        return f"]({place_of(target, root=place in ROOT_PAGES.values())}{anchor})"

    return LINK.sub(moved, PUBLIC.sub(r"](\1.md", BADGE.sub(r"\1", markdown)))


def place_of(target: str, *, root: bool) -> str:
    """Return the target in the site of a link in the repository.

    Args:
        target: as written in the file, where it works in the repository.
        root: the file is at the root of the repository, not in `notebooks/`.
    """
    path = target.removeprefix("notebooks/") if root else target.removeprefix("../")
    if path in ROOT_PAGES and (root or path != target):
        return ROOT_PAGES[path]
    if path.endswith(".ipynb"):
        return f"{path.removesuffix('.ipynb')}.md"
    return path


def on_page_content(html: str, *, page: Page, **_more: object) -> str:
    """Insert the outputs, and link each public name to its description."""
    places = reference.places()

    def linked(code: re.Match[str]) -> str:
        name = code[3]
        place = None if code[1] else places.get(name)
        if place is None or not (code[2] or "_" in name or name[0].isupper() or name in ALSO):
            return code[0]
        return f'<a href="{get_relative_url(place, page.url)}#origami_widgets.{name}">{code[0]}</a>'

    return pages.with_outputs(NAME.sub(linked, html), _outputs.get(page.file.src_uri, ()))
