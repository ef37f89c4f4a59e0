"""Build hooks: one puts the built front end into the wheel and the sdist, one fits README for package indexes.

The first is skipped when the files are there already, so that an sdist installs without Node.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

STATIC = "origami_widgets/card/static"
BUILT = (
    *(f"{STATIC}/{name}" for name in ("card.js", "board.js", "leads.js", "grid.js", "page.css")),
    "js/build/labextension/package.json",
)
IMAGE_OR_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:!\[[^\]]*\]\([^)\s]*\)|[^\[\]])*)\]\((?P<target>[^)\s]+)\)")
LEADS_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)


class FrontEndHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build` where the built front end is missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the front end, or say in one sentence what is missing."""
        root = Path(self.root)
        if all((root / name).is_file() for name in BUILT):
            return
        npm = shutil.which("npm")
        if npm is None:
            # Not an exception: the sentence would stand at the end of forty lines of pip's and hatchling's calls.
            raise SystemExit(
                "origami-widgets: the front end is not built and npm is not installed. "
                "Install Node.js 20 or newer, or install the published wheel, which contains the built front end."
            )
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=root / "js", check=True)
        subprocess.run([npm, "run", "build"], cwd=root / "js", check=True)


class ReadmeHook(MetadataHookInterface):
    """Makes README the long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description; it needs the address of the repository, where that is known."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Source", "")
        version = metadata.get("version", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text, repository, version)}


def for_index(text: str, repository: str, version: str) -> str:
    """Return Markdown whose images and links do not depend on the folder that it lies in.

    An index shows the text alone: an image or a link that is relative would lead nowhere there.

    Args:
        text: the Markdown, in which a relative address starts at the root of the repository.
        repository: the address of the repository on GitHub; empty when that is not known. Then images are left out,
            and of a link its text stays.
        version: the version whose tag the addresses name.
    """

    def absolute(found: re.Match[str]) -> str:
        image, label, target = found["image"], found["text"], found["target"]
        label = IMAGE_OR_LINK.sub(absolute, label)
        if LEADS_ELSEWHERE.match(target):
            return f"{image}[{label}]({target})"
        if not repository:
            return "" if image else label
        kind = "raw" if image else "blob"
        return f"{image}[{label}]({repository.rstrip('/')}/{kind}/v{version}/{target})"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    # Every other part is a block of code.
    parts[::2] = [re.sub(r"\n{3,}", "\n\n", IMAGE_OR_LINK.sub(absolute, part)) for part in parts[::2]]
    return "".join(parts)
