"""What happens to every picture of a film before anything is made of it."""

from __future__ import annotations

from cinepeer.adapters.media.probe import Probe

# From high dynamic range (BT.2100) to what every screen shows (BT.709), by zimg; without it ffmpeg says so.
_TONES = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,tonemap=mobius:desat=0,"
    "zscale=transfer=bt709:matrix=bt709:range=tv,format=yuv420p,"
)


def as_shown(probe: Probe) -> str:
    """The filters, each with its comma, that make pictures whole and of ordinary range; empty for most films."""
    return ("yadif=deint=interlaced," if probe.interlaced else "") + (_TONES if probe.is_hdr else "")
