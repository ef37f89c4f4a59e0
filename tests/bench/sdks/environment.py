"""The environment of the released SDKs that the fault table compares with, made on demand in .cache/bench-sdks.

`python -m tests.bench.sdks.environment --lock` takes their newest versions into the lock.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from tests.kernels import environments

LOCK = Path(__file__).with_name("lock.txt")
FOLDER = environments.REPOSITORY / ".cache" / "bench-sdks"
WANTED = ("apify-client", "google-cloud-bigquery", "openai", "replicate")


def python() -> str:
    """The interpreter of the environment, after making it where that is due.

    Raises:
        EnvironmentMissing: it could not be made.
    """
    mark, stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest(), FOLDER / ".made"
    if not (stamp.exists() and stamp.read_text(encoding="ascii") == mark):
        environments.run_uv("bench-sdks", "venv", "--quiet", "--clear", "--python", sys.executable, str(FOLDER))
        environments.run_uv(
            "bench-sdks",
            *("pip", "install", "--quiet", "--require-hashes", "--no-deps", "--python", str(FOLDER)),
            *("--requirements", str(LOCK)),
        )
        stamp.write_text(mark, encoding="ascii")
    return str(FOLDER / "bin" / "python")


def compile_lock() -> None:
    """Compile the lock anew."""
    source = environments.REPOSITORY / ".cache" / "bench-sdks.in"
    source.parent.mkdir(exist_ok=True)
    source.write_text("\n".join(WANTED), encoding="utf-8")
    text = environments.run_uv(
        "bench-sdks",
        *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header"),
        *("--no-annotate", "--no-emit-index-url", "--no-emit-find-links", str(source)),
    )
    LOCK.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    compile_lock() if "--lock" in sys.argv[1:] else python()
