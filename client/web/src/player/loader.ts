/** How hls.js gets its bytes here: by path under a version's root, from the worker that checks every block. */

import type { Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from 'hls.js';
import { prove } from '../ask/prover';
import { Refused, Unavailable } from '../verify/refused';

const SCHEME = 'version://';
const MAX_BYTES = 256 << 20;

/** The address of a file of a version, for hls.js alone: no network knows this scheme. */
export function addressOf(root: string, path: string): string {
  return `${SCHEME}${root}/${path}`;
}

/** Takes an address apart; throws `Refused` (`bad-address`) for one that leads out of the version. */
export function parseAddress(address: string): { root: string; path: string } {
  const found = /^version:\/\/(b[a-z2-7]+)\/([^?#]+)$/.exec(address);
  if (found === null) {
    throw new Refused('bad-address', `found the address “${address.slice(0, 80)}” in a playlist, expected a file of this version`);
  }
  return { root: found[1]!, path: decodeURIComponent(found[2]!) };
}

/** What the player wants to know of each file: that it comes, and why it does not. */
export interface Watcher {
  asked(path: string): void;
  got(path: string): void;
  failed(error: Error): void;
}

/** A loader class for one version: whatever lies outside of `root` is refused. */
export function loaderFor(root: string, watcher: Watcher): new () => Loader<LoaderContext> {
  return class VersionLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null;
    readonly stats: LoaderStats = newStats();
    private readonly control = new AbortController();

    load(context: LoaderContext, _config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      this.context = context;
      this.stats.loading.start = performance.now();
      void this.read(context, callbacks);
    }

    private async read(context: LoaderContext, callbacks: LoaderCallbacks<LoaderContext>): Promise<void> {
      const { stats } = this;
      try {
        const address = parseAddress(context.url);
        if (address.root !== root) throw new Refused('bad-address', 'found another version in a playlist, expected this one');
        watcher.asked(address.path);
        const data = await prove('file', { root, path: address.path, maxBytes: MAX_BYTES }, this.control.signal);
        if (stats.aborted) return;
        stats.loading.first = stats.loading.first || performance.now();
        stats.loading.end = performance.now();
        stats.loaded = stats.total = data.byteLength;
        watcher.got(address.path);
        const isText = context.responseType !== 'arraybuffer';
        const shown = isText ? new TextDecoder().decode(data) : data;
        callbacks.onSuccess({ url: context.url, data: shown, code: 200 }, stats, context, null);
      } catch (error) {
        if (stats.aborted || !(error instanceof Error)) return;
        watcher.failed(error);
        const code = error instanceof Unavailable ? error.status : 0;
        callbacks.onError({ code, text: error.message }, context, null, stats);
      }
    }

    abort(): void {
      if (this.stats.aborted || this.stats.loading.end) return;
      this.stats.aborted = true;
      this.control.abort();
    }

    destroy(): void {
      this.abort();
    }
  };
}

function newStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    total: 0,
    retry: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}
