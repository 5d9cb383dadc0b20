"""Backups: one file with the settings, the policy files and both stores as they stand, made while the site serves.

The file is a tar: `backup.json` says what is in it and has the hash of every member, so that a file that was cut off or
changed is refused before anything is written. The decision store is copied first: facts only grow, so what a decision
refers to is in the copy of the facts made after it. The site's secret is in it: the secrets of
people's authenticators are encrypted with it.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from geartrain import __version__
from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.kernel.issues import Issue
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.audit import head as trail_head
from geartrain.services.audit import verify_audit
from geartrain.services.trail import record, writing
from geartrain.services.workspace import SETTINGS, Workspace, expand, open_workspace, parse_settings
from geartrain.stores.copying import copy_sqlite, dump_postgres, embedded_files, restore_postgres
from geartrain.stores.decisions import open_decisions

FORMAT = 1
HEAD = "backup.json"
DECISIONS, WAREHOUSE, SECRET = "data/decisions.sqlite3", "data/warehouse", "data/secret"
DUMPS = {"decisions": "decisions.dump", "warehouse": "warehouse.dump"}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup file holds.

    Args:
        at: When it was made, ISO 8601 UTC.
        head: Hash of the last event of the audit trail in it.
    """

    file: Path
    at: str
    name: str
    version: str
    files: int
    bytes: int
    head: str

    def as_json(self) -> dict[str, Any]:
        """The shape the commands answer with."""
        return {n: str(v) if isinstance(v := getattr(self, n), Path) else v for n in self.__slots__}


@dataclass(frozen=True, slots=True)
class Restored:
    """A workspace made of a backup, and what is not as it was written in it."""

    workspace: Workspace
    backup: Backup
    damages: tuple[str, ...]
    issues: tuple[Issue, ...]

    @property
    def whole(self) -> bool:
        """Whether every byte and every event is what it was."""
        return not self.damages and not self.issues


def backup(ws: Workspace, actor: Actor, *, file: Path, progress: Progress = lambda *_: None) -> Backup:
    """Write a workspace into one file; the site may serve and load meanwhile.

    Raises:
        Conflict: the file is there already. Unavailable: PostgreSQL's client programs are missing.
    """
    require(actor, Permission.manage_users)
    file = file.expanduser().absolute()
    if file.exists():
        raise Conflict(f"{file} is there already.", hint="Name another file; a backup never replaces one.")
    if not file.parent.is_dir():
        raise NotFound(f"There is no folder {file.parent}.", hint="Make it first.")
    with writing(ws):
        record(ws, actor, "backup", f"workspace/{ws.name}", file=file.name)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as folder:
        part = Path(folder) / "backup.tar"
        made = _write(ws, part, Path(folder), progress)
        part.chmod(0o600)  # everybody's pay may be in it
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)
    return Backup(file, *made)


def restore(
    file: Path, folder: Path, *, warehouse_url: str = "", decisions_url: str = "", progress: Progress = lambda *_: None
) -> Restored:
    """Make a workspace of a backup in a folder that is new or empty; the file is checked before anything is written.

    Args:
        warehouse_url, decisions_url: Empty databases, in place of those the backup was made of.
    Raises:
        NotFound: no such file. Invalid: it is no backup, or not whole. Conflict: the folder or a database is not empty.
    """
    file, folder = file.expanduser().absolute(), folder.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} is not empty.", hint="Name a new folder: a restore never writes over anything.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        fresh = Path(temporary) / "workspace"
        head = _unpack(file, fresh, progress)
        urls = {"warehouse": warehouse_url, "decisions": decisions_url}
        _settle(fresh, head, {k: v for k, v in urls.items() if v})
        with suppress(OSError):
            folder.rmdir()
        fresh.replace(folder)
    ws = open_workspace(folder)
    return _looked_at(ws, _told(file, head))


def look(file: Path) -> Backup:
    """What a backup file says of itself, and that it is whole.

    Raises:
        NotFound: no such file. Invalid: it is no backup, or not whole.
    """
    return _told(file.expanduser().absolute(), _verified(file.expanduser().absolute()))


def _write(ws: Workspace, part: Path, spare: Path, progress: Progress) -> tuple[str, str, str, int, int, str]:
    members: dict[str, dict[str, Any]] = {}
    # Before anything is copied: the copy has this event, whatever is done meanwhile.
    at, trail = ws.now().isoformat(timespec="seconds") + "Z", trail_head(ws, operator())[1]
    with tarfile.open(part, "w") as tar, _members(ws, spare) as found:
        for n, (name, source) in enumerate(found.items()):
            progress("Copying", n, len(found))
            members[name] = _add(tar, name, source)
        kinds = {"warehouse": ws.settings.warehouse.url, "decisions": ws.settings.decisions.url}
        head = {
            "format": FORMAT,
            "version": __version__,
            "at": at,
            "name": ws.name,
            "trail": trail,
            "dumps": {store: DUMPS[store] for store, url in kinds.items() if _is_postgres(expand(url))},
            "members": members,
        }
        _add(tar, HEAD, json.dumps(head, ensure_ascii=False).encode())
        progress("Copying", len(found), len(found))
    size = sum(m["size"] for m in members.values())
    return at, ws.name, __version__, len(members), size, trail


@contextmanager
def _members(ws: Workspace, spare: Path) -> Iterator[dict[str, Path | bytes]]:
    """Every file of a backup by its name: where it is, or what it says."""
    found: dict[str, Path | bytes] = {SETTINGS: ws.path / SETTINGS}
    found |= {f.relative_to(ws.path).as_posix(): f for f in sorted(ws.policies.rglob("*")) if f.is_file()}
    if (ws.path / SECRET).is_file():
        found[SECRET] = ws.path / SECRET
    open_decisions(ws.decisions_url)
    if _is_postgres(ws.decisions_url):
        dump_postgres(ws.decisions_url, spare / "d", facts=False)
        found[DUMPS["decisions"]] = spare / "d"
    else:
        copy_sqlite(Path(ws.decisions_url.removeprefix("sqlite:///")), spare / "d")
        found[DECISIONS] = spare / "d"
    warehouse = expand(ws.settings.warehouse.url)
    if _is_postgres(warehouse):
        dump_postgres(warehouse, spare / "w", facts=True)
        yield {**found, DUMPS["warehouse"]: spare / "w"}
        return
    with embedded_files(ws.data / "warehouse") as files:
        yield {**found, **{f"{WAREHOUSE}/{name}": source for name, source in files.items()}}


def _add(tar: tarfile.TarFile, name: str, source: Path | bytes) -> dict[str, Any]:
    info = tarfile.TarInfo(name)
    info.mode = 0o600
    if isinstance(source, bytes):
        info.size = len(source)
        tar.addfile(info, io.BytesIO(source))
        return {"size": info.size, "sha256": sha256(source).hexdigest()}
    with source.open("rb") as data:
        digest = file_digest(data, "sha256").hexdigest()
        info.size, info.mtime = data.tell(), int(source.stat().st_mtime)
        data.seek(0)
        tar.addfile(info, data)
    return {"size": info.size, "sha256": digest}


def _verified(file: Path) -> dict[str, Any]:
    """The head of a backup whose every member is what the head says."""
    found: dict[str, dict[str, Any]] = {}
    head: dict[str, Any] | None = None
    try:
        with tarfile.open(file, "r:") as tar:
            for member in tar:
                data = tar.extractfile(member)
                if data is None:
                    raise Invalid(f"{file.name} holds something that is no file: {member.name}.")
                if member.name == HEAD:
                    head = json.loads(data.read())
                else:
                    found[member.name] = {"size": member.size, "sha256": file_digest(data, "sha256").hexdigest()}
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", hint="Name the file that geartrain backup wrote.") from None
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Invalid(f"{file.name} is no backup, or was cut off: {error}.", hint="Take another copy of it.") from None
    if not isinstance(head, dict) or not isinstance(head.get("members"), dict):
        raise Invalid(f"{file.name} is no backup, or was cut off.", hint="Take another copy of it.")
    if head.get("format", 0) > FORMAT:
        raise Invalid(f"{file.name} was written by a newer Geartrain ({head.get('version')}).", hint="Upgrade first.")
    wrong = sorted(n for n in {*found, *head["members"]} if found.get(n) != head["members"].get(n))
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise Invalid(f"{file.name} is damaged: {wrong[0]}{more}.", hint="Take another copy of it.")
    return head


def _unpack(file: Path, fresh: Path, progress: Progress) -> dict[str, Any]:
    head = _verified(file)
    fresh.mkdir()
    with tarfile.open(file, "r:") as tar:
        for n, member in enumerate(tar):
            progress("Restoring", n, len(head["members"]))
            if member.name != HEAD:
                # The filter refuses names that lead out of the folder.
                tar.extract(member, fresh, filter="data")
    (fresh / "policies").mkdir(exist_ok=True)
    (fresh / ".gitignore").write_text("data/\n")
    return head


def _settle(fresh: Path, head: dict[str, Any], urls: dict[str, str]) -> None:
    """Point the settings to the new databases, and fill those."""
    settings = fresh / SETTINGS
    text = settings.read_text(encoding="utf-8")
    for store, url in urls.items():
        if store not in head["dumps"]:
            hint = f"Leave --{store}-url out."
            raise Invalid(f"The {store} of this backup is embedded: it needs no database.", hint=hint)
        text = _with_url(text, store, url)
    settings.write_text(text, encoding="utf-8")
    known = parse_settings(text, where=SETTINGS)
    for store in ("warehouse", "decisions"):
        if store in head["dumps"]:
            dump = fresh / head["dumps"][store]
            restore_postgres(expand(getattr(known, store).url), dump, facts=store == "warehouse")
            dump.unlink()


def _with_url(text: str, store: str, url: str) -> str:
    """Settings with another url in the table of a store."""
    line = "url = " + json.dumps(url, ensure_ascii=False)
    pattern = rf"(?ms)^(\[{store}\][^\[]*?)^url\s*=[^\n]*$"
    changed, n = re.subn(pattern, lambda m: m[1] + line, text, count=1)
    if not n:
        changed = f"{text.rstrip()}\n\n[{store}]\n{line}\n"
    if getattr(parse_settings(changed, where=SETTINGS), store).url != url:
        raise Invalid(f"{SETTINGS} has an unusual [{store}].", hint="Set its url in the backup's settings by hand.")
    return changed


def _looked_at(ws: Workspace, told: Backup) -> Restored:
    """What is not as it was written in a restored workspace."""
    found = verify_audit(ws, operator(), known=told.head)
    return Restored(ws, told, tuple(ws.warehouse.verify()), found.issues)


def _told(file: Path, head: dict[str, Any]) -> Backup:
    members = head["members"].values()
    size = sum(m["size"] for m in members)
    return Backup(file, head["at"], head["name"], head["version"], len(members), size, head["trail"])


def _is_postgres(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))
