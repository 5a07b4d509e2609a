"""Checks that nodes hold every block of a version, without keeping one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinepeer.errors import CheckFailed
from cinepeer_client.fetch import Nodes
from cinepeer_client.films import Film, Version
from cinepeer_client.tree import walk


def verify_version(
    nodes: Nodes, film: Film, version: Version, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Reads every block and returns what was found; raises `CheckFailed` where the record tells of another number."""
    found, told = (0, 0), (version.blocks, version.size_bytes)
    for found in walk(nodes, version.root):
        if progress is not None:
            progress(found[0], version.blocks)
    if found != told:
        raise CheckFailed(
            f"found {found[0]} blocks of {found[1]} bytes under {version.root}, "
            f"expected {told[0]} of {told[1]} as the version record says"
        )
    return {
        "film": str(film.id),
        "name": film.name,
        "version": str(version.id),
        "root": str(version.root),
        "blocks": found[0],
        "bytes": found[1],
    }
