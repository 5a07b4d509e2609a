"""The captions of the versions that are held here whole."""

from __future__ import annotations

import logging

from cinepeer.app.catalogue import Version
from cinepeer.app.files import Files
from cinepeer.content.cues import MAX_TEXT_BYTES, Cue, parse_captions
from cinepeer.content.playlist import MAX_PLAYLIST_BYTES, parse_master, parse_media
from cinepeer.errors import Absent, Refused
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid

MAX_TRACKS = 64
log = logging.getLogger("cinepeer.search")


class Captions:
    """Reads what is said in a film as its captions tell; those of a sealed film are sealed too, and stay unread."""

    def __init__(self, ipfs: IpfsBackend) -> None:
        self._ipfs = ipfs
        self._files = Files(ipfs)

    async def roots(self) -> set[Cid]:
        """The roots of all versions that are held here whole."""
        return await self._ipfs.pins()

    async def read(self, version: Version) -> list[tuple[str, list[Cue]]]:
        """The captions of a version by their language; tracks that are none are left out."""
        try:
            master = parse_master(await self._files.read(version.root, "master.m3u8", MAX_PLAYLIST_BYTES))
        except (Absent, Refused):
            return []
        tracks = [track for track in master.tracks if track.sort == "SUBTITLES" and track.name][:MAX_TRACKS]
        found = []
        for track in tracks:
            try:
                found.append((track.language, await self._track(version, track.name)))
            except (Absent, Refused) as error:
                log.info("captions.unread version=%s track=%s reason=%s", version.id, track.name, error)
        return found

    async def _track(self, version: Version, playlist: str) -> list[Cue]:
        media = parse_media(await self._files.read(version.root, playlist, MAX_PLAYLIST_BYTES))
        folder = playlist.rpartition("/")[0]
        cues: list[Cue] = []
        for segment in media.segments:
            path = f"{folder}/{segment.name}".lstrip("/")
            cues += parse_captions(await self._files.read(version.root, path, MAX_TEXT_BYTES + 1))
            if len(cues) > MAX_TEXT_BYTES // 16:
                raise Refused("bad-captions", f"found {len(cues)} captions, expected fewer: a film has no more words")
        return sorted(cues, key=lambda cue: cue.start_ms)
