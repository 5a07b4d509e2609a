"""Children live in groups of their own, keep their limits, and go with the node."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from cinepeer.adapters.system.process import Child, Limits, start
from cinepeer.errors import BadInput, Unreachable

PYTHON = sys.executable
PATIENCE_S = 20.0


def python(code: str) -> list[str]:
    """The command that runs `code` in a small interpreter."""
    return [PYTHON, "-I", "-S", "-c", code]


async def run(code: str, limits: Limits | None = None, nice: int = 0) -> tuple[str, int]:
    """First line and exit code of a child that runs `code` to its end."""
    async with await start(python(code), limits=limits, nice=nice, stderr=asyncio.subprocess.DEVNULL) as child:
        return await child.first_line(PATIENCE_S), await child.wait()


async def gone(pid: int) -> bool:
    """Whether process `pid` ends before our patience does."""
    for _ in range(400):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        await asyncio.sleep(0.05)
    return False


def test_the_first_line_is_read_and_the_rest_does_not_block_the_child() -> None:
    line, code = asyncio.run(run("print('ready'); print('x' * 1_000_000)"))
    assert (line, code) == ("ready", 0)


def test_a_child_leads_a_group_of_its_own() -> None:
    async def story() -> tuple[str, int]:
        async with await start(python("import os, time; print(os.getpgid(0), flush=True); time.sleep(60)")) as child:
            return await child.first_line(PATIENCE_S), child.pid

    group, pid = asyncio.run(story())
    assert int(group) == pid != os.getpgid(0)


def test_stop_ends_a_child_that_listens_gently() -> None:
    async def story() -> int:
        code = (
            "import signal, sys, time; signal.signal(15, lambda *a: sys.exit(7)); print(1, flush=True); time.sleep(60)"
        )
        child = await start(python(code))
        await child.first_line(PATIENCE_S)
        return await child.stop(PATIENCE_S)

    assert asyncio.run(story()) == 7


def test_stop_kills_a_deaf_child_and_what_it_started() -> None:
    code = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN); inner = os.fork()\n"
        "if inner: print(inner, flush=True)\n"
        "time.sleep(60)"
    )

    async def story() -> tuple[int, bool]:
        child = await start(python(code))
        inner = int(await child.first_line(PATIENCE_S))
        return await child.stop(0.1), await gone(inner)

    assert asyncio.run(story()) == (-signal.SIGKILL, True)


def test_stop_after_the_end_returns_the_code() -> None:
    async def story() -> tuple[int, int]:
        child = await start(python("raise SystemExit(3)"))
        await child.wait()
        return await child.stop(), await child.stop()

    assert asyncio.run(story()) == (3, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent's life")
def test_a_child_dies_with_a_node_that_is_killed(tmp_path: Path) -> None:
    node = (
        "import asyncio, sys, time\n"
        "from cinepeer.adapters.system.process import start\n"
        "async def main():\n"
        "    child = await start([sys.executable, '-c', 'print(1, flush=True); import time; time.sleep(60)'])\n"
        "    await child.first_line(20)\n"
        "    print(child.pid, flush=True)\n"
        "    await child.wait()\n"
        "asyncio.run(main())\n"
    )

    async def story() -> bool:
        parent = await start([PYTHON, "-c", node])
        child = int(await parent.first_line(PATIENCE_S))
        os.kill(parent.pid, signal.SIGKILL)
        await parent.wait()
        ended = await gone(child)
        await parent.stop()
        return ended

    assert asyncio.run(story())


def test_limits_and_niceness_hold_in_the_child() -> None:
    code = (
        "import os, resource as r\n"
        "print(*[r.getrlimit(k)[0] for k in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE)], os.nice(0))"
    )
    limits = Limits(address_space_bytes=1 << 30, cpu_s=9, file_size_bytes=4096, open_files=64)
    line, _ = asyncio.run(run(code, limits, nice=5))
    assert [int(word) for word in line.split()] == [1 << 30, 9, 4096, 64, min(19, os.nice(0) + 5)]


def test_a_child_beyond_its_address_space_fails() -> None:
    line, code = asyncio.run(run("print('on', flush=True); bytearray(1 << 30)", Limits(address_space_bytes=1 << 29)))
    assert (line, code) == ("on", 1)


def test_the_environment_and_folder_are_what_was_given(tmp_path: Path) -> None:
    async def story() -> str:
        code = "import os; print(os.environ.get('HOME'), os.environ['WORD'], os.getcwd())"
        async with await start(python(code), environment={"WORD": "kept"}, folder=tmp_path) as child:
            return await child.first_line(PATIENCE_S)

    assert asyncio.run(story()) == f"None kept {tmp_path}"


def test_a_program_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="found no program 'cinepeer-nothing', expected it installed and on PATH"):
        asyncio.run(start(["cinepeer-nothing"]))


def test_a_child_that_ends_without_a_word_says_its_last_words(tmp_path: Path) -> None:
    async def story() -> None:
        async with await start(
            python("raise SystemExit('no disk')"), name="the ledger", stderr=tmp_path / "log"
        ) as child:
            await child.first_line(PATIENCE_S)

    with pytest.raises(
        Unreachable, match="found the ledger ended with code 1, expected it ready; its last words: no disk"
    ):
        asyncio.run(story())


def test_a_child_that_stays_silent_is_not_waited_for_forever() -> None:
    async def story() -> Child:
        async with await start(python("import time; time.sleep(60)"), name="the ledger") as child:
            with pytest.raises(Unreachable, match=r"found no word from the ledger in 0\.2 s"):
                await child.first_line(0.2)
        return child

    assert asyncio.run(story()).exit_code in (-signal.SIGTERM, -signal.SIGKILL)
