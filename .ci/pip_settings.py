"""Print, as shell exports, what pip is set to on this machine in the words that uv understands.

uv reads none of pip's files: behind a company's mirror or certificate it would fail where pip works.
"""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from pathlib import Path

# Later ones win, as they do for pip.
SECTIONS = ("global", "install", ":env:")
NAMES = {
    "index-url": ("UV_DEFAULT_INDEX",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE",),
    "proxy": ("HTTPS_PROXY", "HTTP_PROXY"),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
}


def pip_settings(listing: str) -> dict[str, str]:
    """Return pip's settings from what `pip config list` prints, by name without section."""
    found: dict[str, str] = {}
    for section in SECTIONS:
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(f"{section}."):
                found[key.removeprefix(f"{section}.")] = str(ast.literal_eval(value))
    return found


def uv_environment(settings: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Return the variables to set for uv. One that is set already is left alone."""
    wanted: dict[str, str] = {}
    for name, variables in NAMES.items():
        value = settings.get(name, "").split()
        if name == "find-links":
            # pip passes over a folder that is not there, uv stops at it.
            value = [link for link in value if "://" in link or Path(link).is_dir()]
        if value:
            joined = ("," if name == "find-links" else " ").join(value)
            wanted.update(dict.fromkeys(variables, joined))
    if "UV_INDEX" in wanted:
        # pip takes a package from whichever index has the right file; every hash is checked either way.
        wanted["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in wanted.items() if name not in environment}


def main() -> None:
    """Print one `export NAME=value` line per setting."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    for name, value in uv_environment(pip_settings(listing), dict(os.environ)).items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
