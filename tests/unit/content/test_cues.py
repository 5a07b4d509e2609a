"""Captions and chapters from strangers become WebVTT that a player shows and does nothing else with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content.cues import (
    MAX_TEXT_BYTES,
    Chapter,
    Cue,
    chapters_of,
    parse_captions,
    parse_chapters,
    write_captions,
    write_chapters,
)
from cinepeer.errors import Refused

SRT = """\ufeff1\r
00:00:00,200 --> 00:00:01,500\r
<i>Hello</i> <font color="#f00">there</font>\r
Tom & <b>Jerry</b>\r
\r
2\r
00:01:02,5 --> 00:01:03,000 X1:0 X2:9\r
{\\an8}5 < 6\r
"""
VTT = """WEBVTT - title

STYLE
::cue { background: url(https://example.com/x) }

NOTE a word

one
00:02.000 --> 00:03.250 align:start
<v Ada>Go</v> &amp; &lt;stay&gt;
"""


def test_srt_becomes_webvtt() -> None:
    cues = parse_captions(SRT.encode())
    assert cues == [
        Cue(200, 1500, "<i>Hello</i> there\nTom &amp; <b>Jerry</b>"),
        Cue(62_500, 63_000, "5 &lt; 6"),
    ]
    text = write_captions(cues)
    assert text.startswith("WEBVTT\n\n00:00:00.200 --> 00:00:01.500\n<i>Hello</i> there\n")
    assert parse_captions(text.encode()) == cues


def test_styles_notes_and_voices_of_webvtt_are_left_out() -> None:
    assert parse_captions(VTT.encode()) == [Cue(2000, 3250, "Go &amp; &lt;stay&gt;")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "found no caption"),
        (b"1\nhello\n", "found no caption"),
        (b"\xff\xfe1\x00", "not UTF-8"),
        (b"x" * (MAX_TEXT_BYTES + 1), "expected at most"),
        (b"00:00:05,000 --> 00:00:04,000\nx\n", "ends before it begins in line 1"),
        (b"\n\n0:5 --> later\nx\n", "in line 3, expected two times"),
    ],
)
def test_what_is_no_caption_is_refused_with_its_line(data: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told) as refused:
        parse_captions(data)
    assert refused.value.reason == "bad-captions"


@given(st.text(max_size=60), st.integers(0, 3_600_000), st.integers(1, 5000))
def test_no_words_break_out_of_their_cue(words: str, start_ms: int, lasting_ms: int) -> None:
    times = write_captions([Cue(start_ms, start_ms + lasting_ms, "")]).split("\n")[2]
    try:
        cues = parse_captions(f"{times}\n{words}\n".encode())
    except (Refused, UnicodeEncodeError):
        return
    written = write_captions(cues)
    assert parse_captions(written.encode()) == cues
    assert written.count("-->") == len(cues)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_captions(b"00:01.000 --> 00:02.000\n" + data)
    except Refused as error:
        assert error.reason == "bad-captions"


def test_chapters_are_read_from_lines_and_last_until_the_next() -> None:
    chapters = parse_chapters("0:00 Start\n\n12:30.5 <The> storm\n1:02:03 Calm\n")
    assert chapters == [Chapter(0, "Start"), Chapter(750_500, "<The> storm"), Chapter(3_723_000, "Calm")]
    assert write_chapters(chapters, 3_000_000) == (
        "WEBVTT\n\n00:00:00.000 --> 00:12:30.500\nStart\n\n00:12:30.500 --> 00:50:00.000\n&lt;The&gt; storm\n"
    )


@pytest.mark.parametrize("text", ["The storm", "1:00 a\n0:30 b", "1:00 a\n1:00 b", "1:75 a", "5 a", "1:00"])
def test_lines_that_are_no_chapters_are_refused_with_their_number(text: str) -> None:
    with pytest.raises(Refused, match=f"line {len(text.splitlines())}"):
        parse_chapters(text)


def test_the_chapters_of_a_file_are_put_in_order_and_named() -> None:
    marks = [(5000, ""), (0, "Start\n"), (-1, "before"), (5000, "again")]
    assert chapters_of(marks) == [Chapter(0, "Start"), Chapter(5000, "Chapter 1")]
