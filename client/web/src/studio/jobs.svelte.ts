/** The node's publications: which there are, and the one at work as it goes on. They do not need this page. */

import type { PublicationState, StageOf } from '../ask/api';
import { call } from '../ask/node';
import { failureOf, Question } from '../ask/question.svelte';
import { Unavailable } from '../verify/refused';

export type Job = PublicationState;

const LOOK_MS = 2_000;
const OVER: ReadonlySet<Job['state']> = new Set(['done', 'failed', 'cancelled']);

export const isOver = (job: Job): boolean => OVER.has(job.state);

/** A job after one of its stages said something: what came before that stage is done. */
export function after(job: Job, { stage, ...measure }: StageOf): Job {
  const place = job.stages.findIndex((one) => one.stage === stage);
  if (place >= 0) {
    return { ...job, stages: job.stages.map((one, at) => (at === place ? { ...one, ...measure } : one)) };
  }
  const done = job.stages.map((one) => ({ ...one, done: true }));
  return { ...job, state: 'running', stage, stages: [...done, { ...measure, stage, done: false }] };
}

class Jobs {
  readonly question = new Question<readonly Job[]>(() => call('GET /api/publications'));
  /** What the job at work has said since the list was asked for. */
  private live = $state.raw<Job | null>(null);
  private watching: AbortController | null = null;
  /** The jobs that were begun or seen at work since the page was opened. */
  recent = $state.raw<ReadonlySet<string>>(new Set());

  readonly all = $derived((this.question.answer ?? []).map((job) => (job.id === this.live?.id ? this.live : job)));

  /** Looks and goes on looking; returns how to end it. */
  watch(): () => void {
    const watching = (this.watching = new AbortController());
    void this.look(watching.signal);
    return () => watching.abort();
  }

  /** Looks anew at once: something was begun, ended or tried again here. */
  async again(...began: string[]): Promise<void> {
    this.recent = new Set([...this.recent, ...began]);
    if (this.watching === null || this.watching.signal.aborted) return;
    this.watching.abort();
    this.watch();
  }

  private async look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.question.ask();
      if (signal.aborted) return;
      this.live = null;
      const open = (this.question.answer ?? []).filter((job) => !isOver(job));
      if (open.length) this.recent = new Set([...this.recent, ...open.map((job) => job.id)]);
      const running = open.find((job) => job.state === 'running');
      if (running && !this.question.failure) await this.follow(running, signal);
      else if (open.length === 0 && !this.question.failure) return;
      else await pause(LOOK_MS, signal);
    }
  }

  /** Follows one job to its end, or until the line breaks. */
  private async follow(job: Job, signal: AbortSignal): Promise<void> {
    this.live = { ...job, stages: [] };
    try {
      for await (const line of lines(`/api/publications/${job.id}/events`, signal)) {
        // Its question is read from the list.
        if (Array.isArray(line['ask'])) return;
        if (typeof line['stage'] === 'string') this.live = after(this.live, line as unknown as StageOf);
      }
    } catch (error) {
      if (signal.aborted) return;
      failureOf(error);
      await pause(LOOK_MS, signal);
    }
  }
}

export const jobs = new Jobs();

/** The JSON lines of an answer, as they come. */
async function* lines(path: string, signal: AbortSignal): AsyncGenerator<{ readonly [name: string]: unknown }> {
  let held = '';
  try {
    const response = await fetch(path, { signal, credentials: 'same-origin' });
    if (!response.ok || response.body === null) throw new Unavailable('', response.status);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const found = (held + piece.value).split('\n');
      held = found.pop() ?? '';
      for (const line of found) if (line) yield JSON.parse(line) as { [name: string]: unknown };
    }
  } catch (error) {
    // A body that breaks off is a TypeError: the node went away.
    throw error instanceof TypeError ? new Unavailable('') : error;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
