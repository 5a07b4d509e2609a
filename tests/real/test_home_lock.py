"""A home belongs to one process, and is free again however that process ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from cinepeer.adapters.system.home import open_home
from cinepeer.adapters.system.process import start
from cinepeer.errors import BadInput

NODE = """
import sys, time
from cinepeer.adapters.system.home import open_home
home = open_home(sys.argv[1])
home.keep(page_port=4321)
print("open", flush=True)
time.sleep(60)
"""


def test_a_home_in_use_is_refused_until_its_node_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        async with await start([sys.executable, "-c", NODE, tmp_path]) as node:
            assert await node.first_line(20) == "open"
            with pytest.raises(BadInput, match=rf"in use by process {node.pid}, expected it free"):
                open_home(tmp_path)
            os.kill(node.pid, signal.SIGKILL)
            await node.wait()
            with open_home(tmp_path) as home:
                assert home.kept == {"page_port": 4321}

    asyncio.run(story())


def test_a_child_of_the_node_does_not_keep_the_home(tmp_path: Path) -> None:
    async def story() -> None:
        home = open_home(tmp_path)
        async with await start([sys.executable, "-c", "print(1, flush=True); import time; time.sleep(60)"]) as child:
            await child.first_line(20)
            home.close()
            open_home(tmp_path).close()

    asyncio.run(story())
