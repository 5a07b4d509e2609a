/** One file on its way to the node by tus 1.0: it goes on after a broken line, a closed tab and a restarted node. */

import type { DetailedError, HttpRequest, Upload } from 'tus-js-client';
import type { Objection } from './choice';
import { begunUploads, forgetFile, matching, remember, type Begun } from './begun';
import { fingerprint } from './fingerprint';

// What the node acknowledges at once, and so the most that is sent twice.
const CHUNK_BYTES = 8 << 20;
const PATH = '/api/uploads/';
const RETRY_MS = Array.from({ length: 1_000 }, (_, attempt) => Math.min(5_000, 1_000 + 500 * attempt));
// A line that broke is noticed by the node after a moment: until then it says that the upload is in use.
const PATIENT_ATTEMPTS = 12;

/**
 * Where a file stands. `reading`: its fingerprint is taken; `doubt`: an upload like it is there, and the person says
 * whether it is the same; `broken`: the line broke, and it is tried again by itself.
 */
export type Standing = 'none' | 'reading' | 'doubt' | 'sending' | 'broken' | 'paused' | 'whole' | 'failed';

/** Why it stopped: a message of the page, or the node's own sentence. */
export type Problem = { readonly objection: Objection } | { readonly sentence: string };

export class Sending {
  file = $state.raw<File | null>(null);
  standing = $state<Standing>('none');
  /** Bytes that the node has acknowledged. */
  keptBytes = $state(0);
  /** Bytes that have left, acknowledged or not. */
  sentBytes = $state(0);
  /** Bytes that were there already when this file was chosen. */
  resumedBytes = $state(0);
  problem = $state.raw<Problem | null>(null);
  /** The upload's id at the node, once it has one. */
  id = $state<string | null>(null);
  name = $state('');
  sizeBytes = $state(0);

  private upload: Upload | null = null;
  private print = '';
  private alike: Begun | null = null;
  private lock: { readonly print: string; readonly free: () => void } | null = null;
  private awaited: ((id: string | null) => void)[] = [];
  private needsCookie = false;

  /** Begins to send a file, or goes on with it where the node holds a part. */
  async begin(file: File): Promise<void> {
    if (this.file !== file) this.leave();
    this.file = file;
    [this.name, this.sizeBytes] = [file.name, file.size];
    [this.standing, this.problem] = ['reading', null];
    try {
      this.print = await fingerprint(file);
      if (this.file !== file) return;
      if (!(await this.isAlone())) {
        this.fail({ objection: { word: 'file.twice', values: { name: file.name } } });
        return;
      }
      const { same, alike } = matching(await begunUploads(), file, this.print);
      if (this.file !== file) return;
      if (alike) {
        [this.alike, this.keptBytes, this.standing] = [alike, alike.received_bytes, 'doubt'];
        return;
      }
      await this.send(same ?? null);
    } catch (error) {
      if (this.file === file) this.fail(await whyUnread(file, error));
    }
  }

  /** Answers a doubt: whether the upload like it is of this file. */
  async decide(isSame: boolean): Promise<void> {
    const alike = this.alike;
    this.alike = null;
    await this.send(isSame ? alike : null);
  }

  /** Takes a whole upload that the node holds: there is nothing to send. */
  take(begun: Begun): void {
    this.leave();
    [this.name, this.sizeBytes, this.id] = [begun.filename, begun.size_bytes, begun.id];
    this.keptBytes = this.sentBytes = this.resumedBytes = begun.received_bytes;
    this.end(begun.id);
  }

  private async send(from: Begun | null): Promise<void> {
    const file = this.file!;
    const { Upload } = await import('tus-js-client');
    if (this.file !== file) return;
    this.resumedBytes = this.keptBytes = this.sentBytes = from?.received_bytes ?? 0;
    this.id = from?.id ?? null;
    if (from) remember(from.id, this.print);
    const upload: Upload = new Upload(file, {
      endpoint: at(''),
      uploadUrl: from ? at(from.id) : null,
      metadata: { filename: file.name },
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      // The node itself says what it holds: nothing has to be kept here.
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => this.prepare(request, file),
      onUploadUrlAvailable: () => this.named(upload),
      onProgress: (sent) => this.progress(upload, sent),
      onChunkComplete: (_, accepted) => this.upload === upload && (this.keptBytes = accepted),
      onShouldRetry: (error, attempt) => this.upload === upload && this.isTriedAgain(error, attempt),
      onError: (error) => this.upload === upload && this.fail(sentenceOf(error)),
      onSuccess: () => this.upload === upload && this.end(this.id!),
    });
    this.upload = upload;
    this.standing = 'sending';
    upload.start();
  }

  private async prepare(_request: HttpRequest, file: File): Promise<void> {
    // A file that was moved or changed under the page cannot be read any more: that is not the line's fault.
    await file.slice(0, 1).arrayBuffer();
    if (!this.needsCookie) return;
    // Another node's page on this host may have replaced the cookie: a screen brings it again.
    await fetch('/', { credentials: 'same-origin' });
    this.needsCookie = false;
  }

  private named(upload: Upload): void {
    if (this.upload !== upload || upload.url === null) return;
    this.id = upload.url.slice(upload.url.lastIndexOf('/') + 1);
    remember(this.id, this.print);
  }

  private progress(upload: Upload, sent: number): void {
    if (this.upload !== upload) return;
    this.sentBytes = sent;
    if (this.standing === 'broken') this.standing = 'sending';
  }

  private isTriedAgain(error: DetailedError, attempt: number): boolean {
    const status = error.originalResponse?.getStatus() ?? 0;
    if (status === 401) {
      if (this.needsCookie) return false;
      this.needsCookie = true;
      return true;
    }
    if (error.causingError instanceof DOMException) return false;
    const isPassing = status === 0 || status === 409 || status === 500 || status === 502 || status === 503;
    const isHeld = status === 423 && attempt < PATIENT_ATTEMPTS;
    if (!isPassing && !isHeld) return false;
    this.standing = 'broken';
    return true;
  }

  /** Stops for now; what arrived is kept. */
  async pause(): Promise<void> {
    this.standing = 'paused';
    await this.upload?.abort();
  }

  /** Goes on after a pause or a failure. */
  async resume(): Promise<void> {
    if (this.file) await this.begin(this.file);
  }

  /** Lets go of the file; the node keeps what arrived. */
  leave(): void {
    const upload = this.upload;
    this.upload = null;
    void upload?.abort();
    this.unlock();
    this.file = null;
    this.id = null;
    this.problem = null;
    this.alike = null;
    [this.name, this.sizeBytes, this.keptBytes, this.sentBytes, this.resumedBytes] = ['', 0, 0, 0, 0];
    this.standing = 'none';
    this.settle(null);
  }

  /** Resolves to the upload's id once it is whole, or to null when it was given up. */
  whole(): Promise<string | null> {
    if (this.standing === 'whole') return Promise.resolve(this.id);
    return new Promise((resolve) => this.awaited.push(resolve));
  }

  private settle(id: string | null): void {
    for (const resolve of this.awaited.splice(0)) resolve(id);
  }

  private end(id: string): void {
    this.unlock();
    this.keptBytes = this.sentBytes = this.sizeBytes;
    this.standing = 'whole';
    this.settle(id);
  }

  private fail(problem: Problem): void {
    this.unlock();
    this.problem = problem;
    this.standing = 'failed';
  }

  /** Takes the lock that all tabs of this browser share for a file; false where another one has it. */
  private isAlone(): Promise<boolean> {
    if (this.lock?.print === this.print || !('locks' in navigator)) return Promise.resolve(true);
    const { print } = this;
    return new Promise((resolve, reject) => {
      const held = (lock: Lock | null): Promise<void> | null => {
        resolve(lock !== null);
        return lock && new Promise((free) => (this.lock = { print, free }));
      };
      navigator.locks.request(`upload ${print}`, { ifAvailable: true }, held).catch(reject);
    });
  }

  private unlock(): void {
    this.lock?.free();
    this.lock = null;
  }
}

/** The file that is being sent from this tab; it goes on while other screens are looked at. */
export const sending = new Sending();

/** Removes an upload from the node. */
export async function remove(id: string): Promise<void> {
  const { Upload } = await import('tus-js-client');
  await Upload.terminate(at(id), { retryDelays: [300, 1_000] });
  forgetFile(id);
}

/** The address of an upload; of all of them for the empty id. */
function at(id: string): string {
  return new URL(id ? PATH + id : PATH.slice(0, -1), location.href).href;
}

function sentenceOf(error: Error | DetailedError): Problem {
  if ('originalResponse' in error && error.originalResponse) {
    try {
      const problem = JSON.parse(error.originalResponse.getBody()) as { detail?: unknown };
      if (typeof problem.detail === 'string') return { sentence: problem.detail };
    } catch {
      // no problem document: the status has to do
    }
    return { sentence: `found status ${error.originalResponse.getStatus()}, expected the bytes taken` };
  }
  const cause = 'causingError' in error ? error.causingError : error;
  return { objection: { word: cause instanceof DOMException ? 'file.gone' : 'fault.away', values: {} } };
}

/** Why a file could not be begun: it cannot be read, or the node did not answer or said no. */
async function whyUnread(file: File, error: unknown): Promise<Problem> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    return { objection: { word: 'file.gone', values: {} } };
  }
  const sentence = error instanceof Error ? error.message : '';
  return sentence ? { sentence } : { objection: { word: 'fault.away', values: {} } };
}
