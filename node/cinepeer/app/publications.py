"""Publications: jobs of the node, one after another, that outlive the page that began them and the node itself."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Protocol

from cinepeer.app.licensed import parse_custodians
from cinepeer.app.publication import Publication, State, Wish, parse_note
from cinepeer.app.publish import Published, Publishing, Tell
from cinepeer.app.terms import Terms
from cinepeer.app.titles import Owners, Titles, parse_owners
from cinepeer.errors import Absent, BadInput, CinepeerError, Conflict
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.publications")

MAX_KEPT = 100
MAX_WAITING = 100
MAX_STARTS = 3
MAX_PRIORITY = 10


class Notes(Protocol):
    """Where jobs are kept over a restart: JSON objects by name."""

    def all(self) -> list[dict[str, Any]]: ...
    def save(self, name: str, note: dict[str, Any]) -> None: ...
    def remove(self, name: str) -> None: ...


class Uploads(Protocol):
    """The files that were sent to this node."""

    def find(self, upload_id: str) -> Path: ...
    def hold(self, upload_id: str) -> Path: ...
    def release(self, upload_id: str) -> None: ...
    def remove(self, upload_id: str) -> None: ...


class Publications:
    """The queue of jobs. A job that a stop of the node broke off goes on from where it stood."""

    def __init__(
        self,
        publishing: Publishing,
        titles: Titles,
        uploads: Uploads,
        notes: Notes,
        clock_ms: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._publishing = publishing
        self._titles = titles
        self._uploads = uploads
        self._notes = notes
        self._clock_ms = clock_ms
        self._entropy = entropy
        self._jobs: dict[str, Publication] = {}
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._running: tuple[Publication, asyncio.Task[None]] | None = None
        self._asking: dict[str, asyncio.Task[None]] = {}  # jobs that wait for a word of their creator

    async def start(self) -> None:
        """Takes up the jobs of earlier runs and begins to work."""
        found = [parse_note(note) for note in self._notes.all()]
        for job in sorted((job for job in found if job is not None), key=lambda one: (one.made_ms, one.id)):
            self._jobs[job.id] = job
            if not job.is_over:
                job.again = job.again or job.state == "running"
                self._enqueue(job)
        self._worker = asyncio.create_task(self._work(), name="publications")

    async def stop(self) -> None:
        """Breaks the running job off; the next start goes on with it."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        begun = dict(self._asking)
        if self._running is not None:
            begun[self._running[0].id] = self._running[1]
        for job_id, task in begun.items():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            job = self._jobs[job_id]
            if not job.is_over:
                job.starts -= 1  # an orderly stop says nothing against the job
                self._save(job)

    # What people ask

    def add(self, wish: Wish, priority: int = 0) -> Publication:
        """Takes a job; raises `BadInput` or `Conflict` where it cannot become a film."""
        wish.check()
        _check_priority(priority)
        if sum(not job.is_over for job in self._jobs.values()) >= MAX_WAITING:
            raise Conflict(f"found {MAX_WAITING} publications waiting, expected one of them to end first")
        job = Publication(self._entropy(16).hex(), wish, self._clock_ms(), priority)
        job.source = Path(str(wish.path)) if wish.upload is None else self._uploads.hold(wish.upload)
        try:
            self._notes.save(job.id, job.note())
        except CinepeerError:
            self._let_go(job)
            raise
        self._jobs[job.id] = job
        self._arrived.set()
        self._prune()
        return job

    def all(self) -> list[Publication]:
        """Every job that is remembered, the newest first."""
        return sorted(self._jobs.values(), key=lambda job: (-job.made_ms, job.id))

    def get(self, job_id: str) -> Publication:
        """A job; raises `Absent`."""
        job = self._jobs.get(job_id)
        if job is None:
            raise Absent(f"found no publication {job_id[:40]!r}, expected one that this node remembers")
        return job

    async def cancel(self, job_id: str) -> Publication:
        """Cancels a job that waits or runs; raises `Conflict` once it is being signed, or is over."""
        job = self.get(job_id)
        if job.is_over:
            raise Conflict(f"found the publication {job.state} already, expected it waiting or running")
        if job.is_signing:
            raise Conflict("found the film being signed, expected an earlier stage: it is published in a moment")
        self._end(job, "cancelled", "cancelled before anything was signed", 1)
        task = self._asking.get(job.id)
        if self._running is not None and self._running[0] is job:
            task = self._running[1]
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return job

    def decide(self, job_id: str, parent: str | None, shares: int) -> Publication:
        """Goes on with a job that asks: as an own work, or as made from `parent`, which gets `shares` of its title.

        Raises `BadInput` for a film without a title, `Conflict` where nothing is asked.
        """
        job = self.get(job_id)
        if job.state != "asking":
            raise Conflict(f"found the publication {job.state}, expected one that asks")
        wish = dataclasses.replace(job.wish, ask=False, parent=parent, parent_shares=shares if parent else 0)
        wish.check()
        self._owners(wish)
        job.wish = wish
        job.answered.set()
        return job

    def retry(self, job_id: str) -> Publication:
        """Puts a job that failed or was cancelled into the queue again; what was signed is not signed twice."""
        job = self.get(job_id)
        if job.state not in ("failed", "cancelled"):
            raise Conflict(f"found the publication {job.state}, expected one that failed or was cancelled")
        job.state, job.problem, job.exit_code, job.starts, job.again, job.stages = "waiting", None, 0, 0, True, []
        self._enqueue(job)
        self._save(job)
        return job

    def prefer(self, job_id: str, priority: int) -> Publication:
        """Gives a job that waits another place in the queue; raises `BadInput`, or `Conflict` once it has begun."""
        _check_priority(priority)
        job = self.get(job_id)
        if job.state != "waiting":
            raise Conflict(f"found the publication {job.state}, expected one that waits")
        job.priority = priority
        self._save(job)
        job.wake()
        return job

    def place(self, job: Publication) -> int:
        """How many jobs come before this one; 0 for one that runs or is over."""
        return sum(_order(other) < _order(job) for other in self._waiting()) if job.state == "waiting" else 0

    def file_of(self, upload: str | None, path: str | None) -> Path:
        """The file of an upload that is whole, or of this machine, for a look; raises `BadInput` or `Conflict`."""
        if (upload is None) == (path is None):
            raise BadInput("found neither or both of an upload and a path, expected one of them")
        return Path(str(path)) if upload is None else self._uploads.find(upload)

    async def events(self, job: Publication) -> AsyncIterator[dict[str, Any]]:
        """The stages so far, then each change as it comes, then how it ended: `done` or `problem`."""
        seen = -1
        while True:
            changed = job.changed
            for stage in job.stages:
                if stage.revision > seen:
                    yield {"stage": stage.name, **stage.measure}
            seen = job.revision
            if job.is_over:
                break
            if job.state == "asking":
                yield {"ask": job.near}
            await changed.wait()
        yield {"done": job.done} if job.state == "done" else {"problem": job.problem, "exit_code": job.exit_code}

    # The work

    def _enqueue(self, job: Publication) -> None:
        """Puts a job of an earlier run or attempt into the queue; it fails at once when its upload is gone."""
        job.state = "waiting"
        job.source = Path(str(job.wish.path))
        if job.wish.upload is not None and job.published is None:
            try:
                job.source = self._uploads.hold(job.wish.upload)
            except Conflict as error:
                self._end(job, "failed", f"{error}: send the file again", error.exit_code)
                return
        self._arrived.set()

    def _waiting(self) -> list[Publication]:
        return [job for job in self._jobs.values() if job.state == "waiting"]

    async def _work(self) -> None:
        while True:
            job = min(self._waiting(), key=_order, default=None)
            if job is None:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            task = asyncio.create_task(self._run(job), name=f"publication-{job.id}")
            self._running = job, task
            asking = asyncio.create_task(self._until_asking(job))
            try:
                await asyncio.wait((task, asking), return_when=asyncio.FIRST_COMPLETED)
            finally:
                asking.cancel()
            if not task.done():
                # The next one begins meanwhile; this one goes on by itself once it has its answer.
                self._asking[job.id] = task
                task.add_done_callback(lambda _, job_id=job.id: self._asking.pop(job_id, None))  # type: ignore[misc]
            self._running = None

    async def _until_asking(self, job: Publication) -> None:
        while job.state != "asking":
            await job.changed.wait()

    async def _run(self, job: Publication) -> None:
        """One job from where it stands to its end."""
        try:
            if job.starts >= MAX_STARTS:
                raise BadInput(
                    f"found the node ended {job.starts} times while it worked on {job.wish.facts.name!r}, "
                    "expected it to go on: read its log, then try again"
                )
            job.state, job.starts = "running", job.starts + 1
            self._notes.save(job.id, job.note())
            job.wake()
            await self._publish(job)
            if job.wish.title:
                await self._register(job)
            self._end(job, "done")
        except CinepeerError as error:
            self._end(job, "failed", self._next_step(job, error), error.exit_code)
        except Exception:  # a task's edge: the next job runs whatever happened to this one
            log.exception("publications.failed id=%s", job.id)
            self._end(job, "failed", "found a mistake of this node's own, expected the film published: see its log", 1)

    async def _publish(self, job: Publication) -> None:
        if job.published is not None:
            job.done = job.done or dict(job.published)
            return
        assert job.source is not None, "a job in the queue has its source"
        custodians = parse_custodians(job.wish.custodians) if job.wish.licensed else None
        made = await self._publishing.publish(
            job.source,
            job.wish.facts,
            self._told(job),
            again=job.again,
            custodians=custodians,
            wished=job.wish.packaging,
            of=job.wish.of,
            ask=lambda near: self._ask(job, near),
        )
        job.published = _plain(made)
        job.done = dict(job.published)
        self._save(job)

    async def _ask(self, job: Publication, near: list[dict[str, Any]]) -> Cid | None:
        """Waits for the creator's word where a film is like another's and it is wished; the film it is made from."""
        if near and job.wish.ask:
            job.state, job.near = "asking", near
            self._save(job)
            job.wake()
            await job.answered.wait()
            job.state = "running"
            self._save(job)
            job.wake()
        return None if job.wish.parent is None else self._titles.film(job.wish.parent).record

    def _owners(self, wish: Wish) -> Owners:
        """Who holds the title beside its creator: the film that it is made from too, by its own title's purse."""
        if wish.parent is None:
            return parse_owners(wish.owners)
        title = self._titles.title_of(self._titles.film(wish.parent))
        return parse_owners([*wish.owners, (f"0x{title.hex()}", wish.parent_shares)])

    def _told(self, job: Publication) -> Tell:
        """Tells a job's stages, each with how long it took so far."""
        begun: dict[str, int] = {}

        def tell(stage: str, measure: dict[str, object]) -> None:
            now_ms = self._clock_ms()
            job.tell(stage, {**measure, "took_ms": now_ms - begun.setdefault(stage, now_ms)})

        return tell

    async def _register(self, job: Publication) -> None:
        """The title and, where it is wished, the licence offer; both are safe to repeat."""
        assert job.done is not None
        film = str(job.done["film"])
        if "title" not in job.done:
            job.tell("title", {})
            title = await self._titles.register(film, self._owners(job.wish))
            job.tell("title", title)
            job.done["title"] = title
            self._save(job)
        if job.wish.offer is not None and "offer" not in job.done:
            job.tell("offer", {})
            offer = await self._offer(job, film, job.wish.offer)
            job.tell("offer", offer)
            job.done["offer"] = offer

    async def _offer(self, job: Publication, film: str, terms: dict[str, Any]) -> dict[str, Any]:
        """The offer that an attempt broken off has signed already, or a new one."""
        standing = self._titles.offers(film) if job.again else []
        if standing:
            return {"offer": str(standing[-1].id), "price": str(terms["price"])}
        return await self._titles.offer(film, Terms.of(terms))

    def _next_step(self, job: Publication, error: CinepeerError) -> str:
        told = str(error)
        if job.wish.upload is not None and job.source is not None:
            # Under this name it lies in the home; a person knows it by its own.
            told = told.replace(job.source.name, "the file that was sent")
        if job.published is None:
            return told
        return f"{told}; the film is published, its title or offer is not: try again"

    def _end(self, job: Publication, state: State, problem: str | None = None, exit_code: int = 0) -> None:
        if job.is_over:
            return
        job.state, job.problem, job.exit_code, job.is_signing = state, problem, exit_code, False
        for stage in job.stages:
            stage.is_done = stage.is_done or state == "done"
        self._save(job)
        self._let_go(job)
        if job.wish.upload is not None and job.published is not None:
            with contextlib.suppress(CinepeerError):  # it expires by itself
                self._uploads.remove(job.wish.upload)
        job.wake()

    def _let_go(self, job: Publication) -> None:
        if job.wish.upload is not None:
            self._uploads.release(job.wish.upload)

    def _save(self, job: Publication) -> None:
        """Notes where a job stands; a full disk does not undo what was done."""
        try:
            self._notes.save(job.id, job.note())
        except CinepeerError as error:
            log.warning("publications.unnoted id=%s reason=%s", job.id, error)

    def _prune(self) -> None:
        for job in [one for one in self.all() if one.is_over][MAX_KEPT:]:
            del self._jobs[job.id]
            self._notes.remove(job.id)


def _order(job: Publication) -> tuple[int, int, str]:
    """The place of a job that waits: the highest priority first, then the oldest."""
    return -job.priority, job.made_ms, job.id


def _check_priority(priority: int) -> None:
    if abs(priority) > MAX_PRIORITY:
        raise BadInput(f"found the priority {priority}, expected -{MAX_PRIORITY} to {MAX_PRIORITY}")


def _plain(made: Published) -> dict[str, Any]:
    """What publishing made, as plain values."""
    shown = dataclasses.asdict(made)
    return {name: str(value) if isinstance(value, Cid) else value for name, value in shown.items()} | {
        "source": made.source.hex()
    }
