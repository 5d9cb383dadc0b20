"""Static files: the site's own and htmx, at an address that changes with their content, compressed once."""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path

import django_htmx

HERE = Path(__file__).parent / "static"
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
SMALLEST_COMPRESSED = 400


@cache
def assets() -> dict[str, bytes]:
    """File name to content."""
    own = {p.name: p.read_bytes() for p in sorted(HERE.iterdir()) if p.is_file()}
    return own | {"htmx.js": HTMX.read_bytes()}


@cache
def version() -> str:
    """Hash over all of them: any change gives all a new address, so that browsers may keep them for good."""
    digest = sha256()
    for name, content in sorted(assets().items()):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


def url(name: str) -> str:
    """Where a file is served.

    Raises:
        KeyError: there is none of that name: a template is wrong.
    """
    assets()[name]
    return f"/static/{version()}/{name}"


def write_bundle(folder: Path) -> Path:
    """Lay the files out for whitenoise, each with its .gz beside it. Returns the folder of this version."""
    target = folder / version()
    target.mkdir(parents=True, exist_ok=True)
    for name, content in assets().items():
        _write(target / name, content)
        if len(content) > SMALLEST_COMPRESSED and len(packed := gzip.compress(content, 9, mtime=0)) < len(content):
            _write(target / f"{name}.gz", packed)
    return target


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
