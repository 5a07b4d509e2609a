/** Plays a version by the browser's own means: checked files in, pieces appended in order, nothing else on board. */

import { Refused } from '../verify/refused';
import { pieceAt, readMaster, readTrack, typeOf, type Track } from './playlist';

const AHEAD_S = 20;
const BEHIND_S = 30;
const START_BITS = 1_600_000;

/** A file of the version, every block of it checked. */
export type Read = (path: string) => Promise<ArrayBuffer>;

/** The film is sealed: its key comes with a licence, on the film's own page. */
export class Sealed extends Error {}

interface Reel {
  readonly track: Track;
  readonly buffer: SourceBuffer;
  next: number;
}

/** Has `video` play the version that `read` reads; ends when `signal` does. Throws `Refused`, `Unavailable`, `Sealed`. */
export async function roll(video: HTMLVideoElement, read: Read, signal: AbortSignal): Promise<void> {
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await read(path));
  const master = readMaster(await text('master.m3u8'));
  const rung = master.rungs.findLast((one) => one.bandwidth <= START_BITS) ?? master.rungs[0]!;
  const soundAt = rung.sound === null ? undefined : master.sounds.get(rung.sound);
  const [picture, sound] = await Promise.all([
    text(rung.path).then((told) => readTrack(told, rung.path)),
    soundAt === undefined ? null : text(soundAt).then((told) => readTrack(told, soundAt)),
  ]);
  if (picture.isSealed || sound?.isSealed) throw new Sealed();
  const source = new MediaSource();
  const address = URL.createObjectURL(source);
  video.src = address;
  await new Promise((resolve) => source.addEventListener('sourceopen', resolve, { once: true }));
  URL.revokeObjectURL(address);
  const all = picture.pieces.at(-1)!;
  source.duration = all.begin + all.length;
  // Both are named before either is filled: a browser takes no other track later.
  const reels = [reelOf(source, picture, codecsOf(rung.codecs, sound === null))];
  if (sound !== null) reels.push(reelOf(source, sound, typeOf(rung.codecs, true)));
  for (const reel of reels) {
    const data = await read(reel.track.begin);
    await done(reel.buffer, () => reel.buffer.appendBuffer(data));
  }
  const wake = follow(video, signal, reels);
  while (!signal.aborted) {
    let isIdle = true;
    for (const reel of reels) if (await step(video, reel, read, signal)) isIdle = false;
    const isWhole = reels.every((reel) => reel.next >= reel.track.pieces.length);
    if (isWhole && source.readyState === 'open') source.endOfStream();
    if (isIdle) await wake();
  }
}

/** A track of picture and sound together names both. */
function codecsOf(codecs: readonly string[], isAll: boolean): string | null {
  return isAll && codecs.length ? `video/mp4; codecs="${codecs.join(',')}"` : typeOf(codecs, false);
}

function reelOf(source: MediaSource, track: Track, type: string | null): Reel {
  if (type === null || !MediaSource.isTypeSupported(type)) throw new Refused('bad-playlist', `found ${type ?? 'no codecs'}, expected what this browser plays`);
  return { track, buffer: source.addSourceBuffer(type), next: 0 };
}

/** Appends the next piece where it is wanted; returns whether it did. */
async function step(video: HTMLVideoElement, reel: Reel, read: Read, signal: AbortSignal): Promise<boolean> {
  const piece = reel.track.pieces[reel.next];
  if (piece === undefined || piece.begin > video.currentTime + AHEAD_S) return false;
  const place = reel.next;
  const data = await read(piece.path);
  // A jump may have asked for another piece meanwhile.
  if (signal.aborted || reel.next !== place) return true;
  reel.next++;
  await done(reel.buffer, () => reel.buffer.appendBuffer(data));
  const past = video.currentTime - BEHIND_S;
  if (past > 0) await done(reel.buffer, () => reel.buffer.remove(0, past));
  return true;
}

/** Follows jumps; what it returns waits until something more may be wanted. */
function follow(video: HTMLVideoElement, signal: AbortSignal, reels: readonly Reel[]): () => Promise<void> {
  let wakeUp = (): void => undefined;
  const woken = (): void => wakeUp();
  video.addEventListener('timeupdate', woken, { signal });
  video.addEventListener('seeking', () => {
    for (const reel of reels) reel.next = isBuffered(reel.buffer, video.currentTime) ? reel.next : pieceAt(reel.track, video.currentTime);
    woken();
  }, { signal });
  signal.addEventListener('abort', woken);
  return () => new Promise((resolve) => (wakeUp = resolve));
}

function isBuffered(buffer: SourceBuffer, seconds: number): boolean {
  const { buffered } = buffer;
  for (let n = 0; n < buffered.length; n++) if (buffered.start(n) <= seconds && seconds < buffered.end(n)) return true;
  return false;
}

/** Changes a buffer and waits until it has taken it. */
async function done(buffer: SourceBuffer, change: () => void): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    buffer.addEventListener('updateend', () => resolve(), { once: true });
    buffer.addEventListener('error', () => reject(new Refused('bad-media', 'found a piece that this browser cannot play, expected a film')), { once: true });
  });
  change();
  await ended;
}
