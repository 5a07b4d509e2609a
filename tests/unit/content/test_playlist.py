"""Playlists say which files to play, and can lead nowhere else."""

from __future__ import annotations

import pytest

from cinepeer.content.playlist import Segment, parse_master, parse_media
from cinepeer.errors import Refused

MASTER = b"""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound, stereo",DEFAULT=YES,CHANNELS="2",URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720,CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound"
720/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000
240/index.m3u8
"""
MEDIA = b"""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.000000,
00000.m4s
#EXTINF:1.5,the end
00001.m4s
#EXT-X-ENDLIST
"""


def test_a_master_playlist_names_renditions_and_sound() -> None:
    master = parse_master(MASTER)
    assert [(v.name, v.width, v.height, v.bandwidth, v.audio) for v in master.variants] == [
        ("720/index.m3u8", 1280, 720, 900_000, "sound"),
        ("240/index.m3u8", 0, 0, 300_000, ""),
    ]
    assert master.variants[0].codecs == "avc1.64001f,mp4a.40.2"
    (track,) = master.tracks
    assert (track.sort, track.label, track.name, track.is_default) == (
        "AUDIO",
        "sound, stereo",
        "audio/index.m3u8",
        True,
    )


def test_a_media_playlist_names_its_segments_in_order() -> None:
    media = parse_media(MEDIA)
    assert media.init == "init.mp4"
    assert media.segments == (Segment("00000.m4s", 4_000_000), Segment("00001.m4s", 1_500_000))
    assert media.duration_ms == 5500
    assert parse_media(MEDIA.replace(b"\n", b"\r\n")) == media


@pytest.mark.parametrize(
    "name",
    [
        b"https://example.com/a.m4s",
        b"//example.com/a.m4s",
        b"/etc/passwd",
        b"../00000.m4s",
        b"a/../../b.m4s",
        b"a//b.m4s",
        b"./a.m4s",
        b"file:a.m4s",
        b"a.m4s?x=1",
        b"a.m4s#x",
        b"a%2fb.m4s",
        b"a\\b.m4s",
        b"a b.m4s",
    ],
)
def test_a_reference_that_could_lead_elsewhere_is_refused(name: bytes) -> None:
    for text in (MEDIA.replace(b"00000.m4s", name), MEDIA.replace(b"init.mp4", name)):
        with pytest.raises(Refused) as refused:
            parse_media(text)
        assert refused.value.reason == "bad-reference"
    with pytest.raises(Refused):
        parse_master(MASTER.replace(b"240/index.m3u8", name))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"#EXTM3U", b"#EXTM4U"),
        (b"#EXTINF:4.000000,\n", b""),
        (b"#EXT-X-ENDLIST\n", b""),
        (b"#EXT-X-ENDLIST\n", b"#EXT-X-ENDLIST\n00002.m4s\n"),
        (b"00001.m4s\n", b""),
        (b"4.000000", b"-4"),
        (b"4.000000", b"nan"),
        (b"4.000000", b"1e9"),
        (b"4.000000", b"0"),
        (b"4.000000", b"99999"),
        (b"#EXT-X-TARGETDURATION:4", b'#EXT-X-KEY:METHOD=AES-128,URI="key.bin"'),
        (b"#EXT-X-TARGETDURATION:4", b"#EXT-X-STREAM-INF:BANDWIDTH=1"),
        (b"#EXTINF:1.5,the end", b"#EXTINF:1.5\n#EXT-X-BYTERANGE:4@0"),
        (b"#EXTINF:1.5,the end", b'#EXT-X-MAP:URI="other.mp4"\n#EXTINF:1.5'),
        (b'URI="init.mp4"', b"X=1"),
        (b'URI="init.mp4"', b'URI="init.mp4",URI="b"'),
        (b"00000.m4s", b"\xff.m4s"),
        (b"00000.m4s", b"00000.m4s\x00"),
        (b"\n00000.m4s", b"\n 00000.m4s"),
    ],
)
def test_a_malformed_media_playlist_is_refused(old: bytes, new: bytes) -> None:
    assert old in MEDIA
    with pytest.raises(Refused):
        parse_media(MEDIA.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"BANDWIDTH=300000", b"X=1"),
        (b"BANDWIDTH=300000", b"BANDWIDTH=fast"),
        (b"RESOLUTION=1280x720", b"RESOLUTION=big"),
        (b"\n240/index.m3u8\n", b"\n"),
        (b"720/index.m3u8\n", b"#EXT-X-VERSION:7\n720/index.m3u8\n"),
        (b"#EXT-X-STREAM-INF:BANDWIDTH=300000\n", b""),
        (b"#EXT-X-VERSION:7", b"#EXTINF:4"),
        (b"#EXT-X-VERSION:7", b'#EXT-X-SESSION-KEY:URI="x"'),
        (b'GROUP-ID="sound",', b""),
        (b'GROUP-ID="sound",', b'GROUP-ID="sound'),
    ],
)
def test_a_malformed_master_playlist_is_refused(old: bytes, new: bytes) -> None:
    assert old in MASTER
    with pytest.raises(Refused):
        parse_master(MASTER.replace(old, new, 1))


def test_an_empty_playlist_and_an_enormous_one_are_refused() -> None:
    for data in (b"", b"#EXTM3U\n", b"#EXTM3U\n" + b"#\n" * (3 << 20)):
        with pytest.raises(Refused):
            parse_master(data)
        with pytest.raises(Refused):
            parse_media(data)
