"""What DVC's cache has of a revision of a project: its outputs by their hashes in `dvc.lock`, the working state untouched."""

import hashlib
import json
from functools import partial
from pathlib import Path

from pipelines import files
from pipelines.driver import dag, dvc, git, lock
from pipelines.errors import UserError

REMEDY = "it is part of DVC's cache: delete that file, then: dvc fetch --all-tags"


class Cached:
    """The outputs of a revision, each with the hash of its content; that of a folder is a listing in the cache itself."""

    def __init__(self, project: Path, revision: str) -> None:
        recorded = lock.stages(git.content(project, revision, lock.FILE)).values()
        outs = [out for entry in recorded for out in entry.get("outs", [])]
        self.hashes = {out["path"]: out["md5"] for out in outs if "md5" in out and out["path"] != dag.PLAN}
        raw = git.content(project, revision, dag.RAW_FILE)
        if raw is not None:
            self.hashes[dag.RAW] = lock.hash_in(raw.decode("utf-8", errors="replace"))
        self._cache = dvc.cache_folder(project)

    def find(self, path: str) -> Path | None:
        """Return where the content of a file lies, of one that is an output or in one; None where it is not in the cache."""
        out = next((out for out in self.hashes if f"{path}/".startswith(f"{out}/")), None)
        place = self._files(out).get(path) if out else None
        return place if place and place.is_file() else None

    def missing(self) -> list[str]:
        """Return the outputs that are not in the cache, or not all of them."""
        return [out for out in self.hashes if not all(place.is_file() for place in self._files(out).values())]

    def damaged(self) -> Path | None:
        """Return a file in the cache whose content has not the hash that it is kept by; DVC would check it out all the same."""
        places = {place for out in self.hashes for place in self._files(out).values()}
        return next((place for place in sorted(places) if not _is_whole(place)), None)

    def _files(self, out: str) -> dict[str, Path]:
        """Return where each file of an output lies, the listing itself too where it is a folder."""
        place = self._place(self.hashes[out])
        if not self.hashes[out].endswith(".dir") or not place.is_file():
            return {out: place}
        with files.undamaged(place, REMEDY):
            entries = json.loads(place.read_text(encoding="utf-8"))
            return {out: place} | {f"{out}/{entry['relpath']}": self._place(entry["md5"]) for entry in entries}

    def _place(self, hashed: str) -> Path:
        return self._cache / hashed[:2] / hashed[2:]


def _is_whole(place: Path) -> bool:
    with place.open("rb") as file:
        found = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
    return found == f"{place.parent.name}{place.name}".removesuffix(".dir")


def need(project: Path, revision: str, name: str) -> None:
    """Raise UserError where the cache has not all that a revision, called `name`, has made, or has it damaged."""
    cached = Cached(project, revision)
    missing = cached.missing()
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UserError(
            f"{missing[0]}{more} of {name} not in DVC's cache; bring them from the remote: dvc fetch --all-tags"
        )
    damaged = cached.damaged()
    if damaged:
        raise UserError(f"{damaged}: damaged; {REMEDY}")
