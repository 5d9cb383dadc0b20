"""Files that somebody brings: kept in a folder of their own until they are loaded or thrown away."""

from __future__ import annotations

import re
import secrets
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.workspace import Workspace

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
MOST_FILES = 200
MOST_BYTES = 4 * 1024**3
CHUNK = 1024 * 1024


def keep_upload(ws: Workspace, files: Sequence[Any], mapping: Any = None) -> tuple[str, Path, Path | None]:
    """Keep uploaded files, zip archives taken apart. Returns their key, their folder and where the mapping is.

    Raises:
        Invalid: no file, a kind that cannot be loaded, or too much.
    """
    if not files:
        raise Invalid("No file was chosen.", hint="Choose CSV, Excel or Parquet files, or a zip of them.")
    key = secrets.token_hex(16)
    root = ws.data / "uploads" / key
    folder = root / "files"
    folder.mkdir(parents=True)
    try:
        for file in files:
            if Path(file.name).suffix.lower() == ".zip":
                _unpack(file, folder)
            else:
                _write(_place(folder, file.name), file.chunks(CHUNK))
        held = None
        if mapping is not None:
            held = root / "mapping.yaml"
            _write(held, mapping.chunks(CHUNK))
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return key, folder, held


def find_upload(ws: Workspace, key: str) -> tuple[Path, Path | None]:
    """Where the files and the mapping of an upload are.

    Raises:
        NotFound: there is none: it was loaded or thrown away.
    """
    root = ws.data / "uploads" / key
    if not re.fullmatch(r"[0-9a-f]{32}", key) or not root.is_dir():
        raise NotFound("These files are no longer here.", hint="Choose them again.")
    mapping = root / "mapping.yaml"
    return root / "files", mapping if mapping.exists() else None


def drop_upload(ws: Workspace, key: str) -> None:
    """Throw the files away."""
    folder, _ = find_upload(ws, key)
    shutil.rmtree(folder.parent, ignore_errors=True)


def _unpack(file: Any, folder: Path) -> None:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise Invalid(f"'{file.name}' is not a zip archive, or it is damaged.", hint="Pack it again.") from None
    with archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _hidden(m.filename)]
        # What the archive says of its sizes is checked again while it is read.
        if sum(m.file_size for m in members) > MOST_BYTES:
            raise Invalid(f"'{file.name}' holds more than {MOST_BYTES // 1024**3} GiB.", hint="Bring it in parts.")
        for member in members:
            if member.flag_bits & 1:
                raise Invalid(f"'{file.name}' is locked with a password.", hint="Pack it without one.")
            target = _place(folder, member.filename)
            try:
                with archive.open(member) as source:
                    _write(target, iter(lambda: source.read(CHUNK), b""), most=member.file_size)
            except (zipfile.BadZipFile, NotImplementedError, EOFError):
                raise Invalid(
                    f"'{member.filename}' in '{file.name}' cannot be unpacked.", hint="Pack it again."
                ) from None


def _hidden(name: str) -> bool:
    """What operating systems put into archives."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in (".", "..")]
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _place(folder: Path, name: str) -> Path:
    """Where a file goes: its own name, whatever folders it came with."""
    base = re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(". ")[:120]
    if Path(base).suffix.lower() not in SUFFIXES:
        raise Invalid(f"'{name[:120]}' cannot be loaded.", hint=f"Bring {', '.join(SUFFIXES)} or a .zip of them.")
    if (folder / base).exists():
        raise Invalid(f"Two files are named '{base}'.", hint="Give them different names.")
    if sum(1 for _ in folder.iterdir()) >= MOST_FILES:
        raise Invalid(f"More than {MOST_FILES} files.", hint="Bring them in parts.")
    return folder / base


def _write(path: Path, chunks: Any, most: int = MOST_BYTES) -> None:
    written = 0
    with path.open("wb") as out:
        for chunk in chunks:
            written += len(chunk)
            if written > most:
                raise Invalid(f"'{path.name}' is larger than it says.", hint="Pack it again.")
            out.write(chunk)
