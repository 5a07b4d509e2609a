/** The page's side of the auditing worker: one bundle or receipt at a time, told line by line. */

import type { Report } from './audit';
import type { Line } from './inspection';
import type { Asked } from './showing';
import type { FromAuditor, ToAuditor } from './worker';

export const MAX_BUNDLE_BYTES = 1 << 30;

/** What is being checked, and what came of it. */
export class Checking {
  name = $state('');
  isBusy = $state(false);
  lines = $state.raw<readonly Line[]>([]);
  report = $state.raw<Report | null>(null);
  /** What went wrong outside the bundle: a file that cannot be read, one too large. */
  problem = $state('');
  private worker: Worker | null = null;
  private turn = 0;

  /** Fetches the worker's program, so that it is there when the network is not. */
  prepare(): void {
    this.worker ??= this.started();
  }

  /** Checks a bundle, or a receipt with what opens it; one that is under way is dropped. */
  async check(bundle: Blob, name: string, beside: Blob | null = null, asked: Asked | null = null): Promise<void> {
    const turn = ++this.turn;
    this.drop();
    [this.name, this.isBusy, this.lines, this.report, this.problem] = [name, true, [], null, ''];
    try {
      const data = await bundle.arrayBuffer();
      const opening = beside && (await beside.arrayBuffer());
      if (turn !== this.turn) return;
      this.prepare();
      const message: ToAuditor = { data, opening, asked };
      this.worker!.postMessage(message, [data]);
    } catch (error) {
      [this.isBusy, this.problem] = [false, error instanceof Error ? error.message : String(error)];
    }
  }

  /** Ends the worker. */
  drop(): void {
    if (this.isBusy) {
      this.worker?.terminate();
      this.worker = null;
    }
    this.isBusy = false;
  }

  end(): void {
    this.turn++;
    this.worker?.terminate();
    [this.worker, this.isBusy] = [null, false];
  }

  private started(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'audit' });
    worker.onmessage = ({ data }: MessageEvent<FromAuditor>) => {
      if (worker !== this.worker) return;
      if ('line' in data) this.lines = [...this.lines, data.line];
      else if ('report' in data) [this.report, this.isBusy] = [data.report, false];
      else [this.problem, this.isBusy] = [data.failure, false];
    };
    worker.onerror = () => {
      if (worker === this.worker && this.isBusy) [this.problem, this.isBusy] = ['The program that checks did not load.', false];
    };
    return worker;
  }
}
