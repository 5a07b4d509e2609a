"""A packaged film's folder, sealed in place: every file but playlists, poster and credentials under the film's key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cinepeer.content.cipher import KEY_METHOD, content_key, is_sealed_path, seal

PLAYLIST = ".m3u8"

_START = "#EXTM3U\n"


def seal_folder(folder: Path, secret: bytes, progress: Callable[[int, int], None] | None = None) -> bytes:
    """Seals the files below `folder` and returns their content key, which follows from `secret` and their bytes.

    `progress(done, whole)` hears of the bytes sealed. Media playlists get a line by which players that do not know how
    the segments are sealed stop there.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    sealed = {name: path for name, path in files.items() if is_sealed_path(name)}
    key = content_key(secret, [(name, _digest(path)) for name, path in sealed.items()])
    whole, done = sum(path.stat().st_size for path in sealed.values()), 0
    for name, path in sealed.items():
        plain = path.read_bytes()
        path.write_bytes(seal(key, name, plain))
        done += len(plain)
        if progress is not None:
            progress(done, whole)
    for name, path in files.items():
        text = path.read_text() if name.endswith(PLAYLIST) else ""
        if "\n#EXTINF:" in text:
            path.write_text(text.replace(_START, f"{_START}#EXT-X-KEY:METHOD={KEY_METHOD}\n", 1))
    return key


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
