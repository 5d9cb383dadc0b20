"""The embedded warehouse on disk: which files are a state, and which states somebody still reads.

    manifest.json             the pointer: which manifest holds, with its hash; replaced atomically
    manifests/00000007.json   one state each, immutable: the files of every record type
    files/TYPE/…parquet       rows, immutable           loads/…json   the history, one file a load, immutable
    lock                      flock: the one writer     tmp/          where engines spill

A reader holds a shared flock on the manifest it reads. The kernel lets go of it when the process ends, however it ends.
See docs/decisions/001-embedded-warehouse.md.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.stores.warehouse.base import Damaged
from geartrain.stores.warehouse.content import EMPTY_ID

FORMAT = 1
POINTER, MANIFESTS, FILES, LOADS, TMP = "manifest.json", "manifests", "files", "loads", "tmp"
RESTORE = "Restore the folder from a backup, all of it, or load the sources again into a new one."


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file: path under the warehouse's folder, rows, size in bytes, hash, and the key of its columns."""

    path: str
    rows: int
    size: int
    sha256: str
    columns: str


@dataclass(frozen=True, slots=True)
class TypeFiles:
    """The files of one record type. A file that holds no superseded row stands in both lists.

    Args:
        versions: Every version of every record.
        current: The latest version of every record.
        recorded_at: Of the newest version; what is known as of then or later is `current`.
    """

    versions: tuple[DataFile, ...] = ()
    current: tuple[DataFile, ...] = ()
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One state of the warehouse.

    Args:
        generation: Counts the states.
        id: Hash over the content, see content.py.
        recorded_at: Of the latest load.
        types: Files by record type.
        quarantine: Files of the rows that were not loaded.
        loads: Paths of the history, oldest first.
        columns: Column sets that files have: key to column name to Ibis type.
    """

    generation: int = 0
    id: str = EMPTY_ID
    recorded_at: datetime | None = None
    types: dict[str, TypeFiles] = field(default_factory=dict)
    quarantine: tuple[DataFile, ...] = ()
    loads: tuple[str, ...] = ()
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Path of the manifest under the warehouse's folder."""
        return f"{MANIFESTS}/{self.generation:08d}.json"

    def data_files(self) -> dict[str, DataFile]:
        """Every Parquet file of the state by its path."""
        files = [f for t in self.types.values() for f in (*t.versions, *t.current)]
        return {f.path: f for f in (*files, *self.quarantine)}

    def paths(self) -> set[str]:
        """Every file the state needs, under the warehouse's folder."""
        return {*self.data_files(), *self.loads, self.name}


def columns_key(columns: dict[str, str]) -> str:
    """A short name for a set of columns with their types."""
    return sha256(json.dumps(list(columns.items())).encode()).hexdigest()[:12]


def encode(manifest: Manifest) -> bytes:
    """A manifest as it is stored."""
    raw = {"format": FORMAT, **asdict(manifest)}
    return json.dumps(raw, default=lambda d: d.isoformat(), ensure_ascii=False).encode()


def decode(text: bytes) -> Manifest:
    """A manifest from what is stored."""
    raw: dict[str, Any] = json.loads(text)
    raw.pop("format")
    raw["types"] = {
        name: TypeFiles(_files(t["versions"]), _files(t["current"]), _instant(t["recorded_at"]))
        for name, t in raw["types"].items()
    }
    raw |= {"quarantine": _files(raw["quarantine"]), "loads": tuple(raw["loads"])}
    return replace(Manifest(), **raw | {"recorded_at": _instant(raw["recorded_at"])})


def _files(raw: list[dict[str, Any]]) -> tuple[DataFile, ...]:
    return tuple(DataFile(**f) for f in raw)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def read_pointer(folder: Path) -> tuple[str, str] | None:
    """Name and hash of the manifest that holds; None for a folder in which nothing was ever stored.

    Raises:
        Damaged: it is lost or cannot be read. Invalid: a newer Geartrain wrote it.
    """
    path = folder / POINTER
    try:
        raw = json.loads(path.read_bytes())
        stored = int(raw["format"])
        found = str(raw["manifest"]), str(raw["sha256"])
    except FileNotFoundError:
        # A state without facts may have been cut off while the folder was made: that loses nothing.
        if any(p.name != Path(Manifest().name).name for p in (folder / MANIFESTS).glob("*.json")):
            raise Damaged(f"{path} is lost, though the warehouse holds facts.", hint=RESTORE) from None
        return None
    except (ValueError, KeyError, TypeError):
        raise Damaged(f"{path} cannot be read.", hint=RESTORE) from None
    if stored > FORMAT:
        hint = "Upgrade Geartrain, or open a copy made with this version."
        raise Invalid(
            f"{folder} was written by a newer Geartrain (format {stored}, this one reads {FORMAT}).", hint=hint
        )
    return found


def read_manifest(folder: Path, name: str, digest: str, *, text: bytes | None = None) -> Manifest:
    """A manifest by name.

    Raises:
        Damaged: it is lost, or not as it was written.
    """
    path = folder / name
    try:
        text = path.read_bytes() if text is None else text
    except FileNotFoundError:
        raise Damaged(f"{path} is lost.", hint=RESTORE) from None
    if sha256(text).hexdigest() != digest:
        raise Damaged(f"{path} is not as it was written.", hint=RESTORE)
    return decode(text)


def publish(folder: Path, manifest: Manifest) -> None:
    """Make a manifest the one that holds: durable before it is visible, visible at once or not at all."""
    text = encode(manifest)
    write_durably(folder / manifest.name, text)
    fresh = folder / f"{POINTER}.new"
    write_durably(fresh, encode_pointer(manifest.name, sha256(text).hexdigest()))
    fresh.replace(folder / POINTER)
    sync(folder)


def encode_pointer(name: str, digest: str) -> bytes:
    """The pointer to a manifest as it is stored."""
    return json.dumps({"format": FORMAT, "manifest": name, "sha256": digest}).encode()


def write_durably(path: Path, text: bytes) -> None:
    """Write a file and its name to the disk itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the disk itself hold a file, or the names in a folder."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def damages(folder: Path, manifest: Manifest, *, whole: bool) -> list[str]:
    """What is wrong with the files of a state: sizes only, or (`whole`) every byte."""
    found = []
    for file in manifest.data_files().values():
        path = folder / file.path
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            found.append(f"{path} is lost.")
            continue
        if size != file.size:
            found.append(f"{path} has {size:,} bytes instead of {file.size:,}.")
        elif whole and digest_of(path) != file.sha256:
            found.append(f"{path} is not as it was written.")
    found += [f"{folder / name} is lost." for name in manifest.loads if not (folder / name).is_file()]
    return found


def pin(folder: Path, name: str) -> int | None:
    """Hold a manifest, and with it every file it names; None if it is gone. Let go by closing the descriptor."""
    try:
        fd = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    fcntl.flock(fd, fcntl.LOCK_SH)
    # Between opening and locking the writer may have swept it.
    if os.fstat(fd).st_nlink == 0:
        os.close(fd)
        return None
    return fd


def sweep(folder: Path, newest: Manifest) -> int:
    """Remove what no state needs that holds or is being read. Only for the one who holds the writer's lock.

    Returns: how many files went.
    """
    keep = newest.paths()
    for path in sorted((folder / MANIFESTS).glob("*.json")):
        name = f"{MANIFESTS}/{path.name}"
        if name == newest.name:
            continue
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        except BlockingIOError:
            keep |= decode(path.read_bytes()).paths()
        finally:
            os.close(fd)
    gone = 0
    for drawer in (FILES, LOADS):
        for path in (folder / drawer).rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in keep:
                with suppress(FileNotFoundError):
                    path.unlink()
                gone += 1
    return gone
