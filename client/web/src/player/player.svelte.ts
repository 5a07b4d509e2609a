/** A version on a video element: attached at once; of the film not a byte is asked for before it is to play. */

import type HlsPlayer from 'hls.js';
import { onLeft, onTally, prove } from '../ask/prover';
import { chosen } from '../identity/choices.svelte';
import type { Depth } from '../verify/early';
import { Refused } from '../verify/refused';
import type { Left } from '../verify/sources';
import { addressOf, loaderFor } from './loader';

/** Where playing stands: `stopped` says that something served did not hold, `lost` that it did not come. */
export type Standing = 'still' | 'starting' | 'playing' | 'waiting' | 'stopped' | 'lost' | 'unplayable';

/** What a quality is called in its version's folder, and how many bits a second it takes. */
export interface Rung {
  readonly name: string;
  readonly bandwidth: number;
}

// What most lines carry without a pause; after the first piece the measured speed decides.
const START_BITS = 1_600_000;

/** The place of the quality to begin with among `renditions`, which ascend: the best one that most lines carry. */
export function startOf(renditions: readonly Rung[]): number {
  return Math.max(0, renditions.findLastIndex((one) => one.bandwidth <= START_BITS));
}

export class Player {
  standing = $state<Standing>('still');
  sentence = $state('');
  waitsFor = $state('');
  blocks = $state(0);
  bytes = $state(0);
  levels = $state.raw<readonly number[]>([]);
  level = $state(-1);
  shown = $state(0);
  /** The names of the version's captions, and the place of the one that is shown; -1 shows none. */
  captions = $state.raw<readonly string[]>([]);
  caption = $state(-1);
  /** The sources that were left for others while this version played. */
  left = $state.raw<readonly Left[]>([]);

  private readonly source = typeof MediaSource === 'undefined' ? null : new MediaSource();
  private hls: HlsPlayer | null = null;
  private root: string | null = null;
  private renditions: readonly Rung[] = [];
  private startAt = 0;
  private isWanted = false;
  private isStarted = false;
  private missed = '';
  private readonly leave: (() => void)[] = [];

  constructor(private readonly video: HTMLVideoElement) {
    if (this.source === null) {
      this.standing = 'unplayable';
      return;
    }
    // The source is there from the beginning, so that `play()` waits for the film instead of failing.
    const address = URL.createObjectURL(this.source);
    video.src = address;
    this.leave.push(() => URL.revokeObjectURL(address));
    this.on('play', () => this.want());
    this.on('playing', () => this.stand('playing'));
    this.on('waiting', () => this.stand('waiting'));
    this.leave.push(onLeft((left) => left.root === this.root && (this.left = [...this.left.filter((one) => one.source !== left.source), left])));
    this.leave.push(onTally((tally) => this.tally(tally.root, tally.blocks, tally.bytes)));
  }

  /** The version to play, from `startAt` seconds on; what was asked for before is done now. */
  setRoot(root: string, renditions: readonly Rung[], gateways: readonly string[], startAt = 0): void {
    void prove('sources', { root, gateways });
    if (this.isStarted || this.root === root) return;
    this.root = root;
    this.startAt = startAt;
    this.renditions = [...renditions].sort((a, b) => a.bandwidth - b.bandwidth);
    if (this.isWanted) return void this.start();
    // The program is fetched ahead, and where the film's blocks lie; the film is not. On a metered line nothing is.
    if (chosen('thrifty')) return;
    void import('hls.js').catch(() => undefined);
    this.readAhead(startOf(this.renditions), 'map');
  }

  /** Plays, or pauses. */
  turn(): void {
    if (this.standing === 'lost') this.again();
    if (this.video.paused) void this.video.play().catch(() => undefined);
    else this.video.pause();
  }

  /** Chooses the quality by its place in `levels`; -1 lets the connection decide. */
  choose(level: number): void {
    this.level = level;
    if (this.hls !== null) this.hls.nextLevel = level;
  }

  /** Chooses the captions by their place; -1 for none. */
  showCaptions(place: number): void {
    this.caption = place;
    if (this.hls === null) return;
    this.hls.subtitleDisplay = place >= 0;
    this.hls.subtitleTrack = place;
  }

  /** Lets go of everything. */
  destroy(): void {
    for (const one of this.leave) one();
    this.hls?.destroy();
    this.video.removeAttribute('src');
    this.video.load();
  }

  /** Asks anew for what did not come. */
  private again(): void {
    this.standing = 'starting';
    this.sentence = '';
    if (this.hls === null) void this.start();
    else if (this.levels.length) this.hls.startLoad();
    else if (this.root !== null) this.hls.loadSource(addressOf(this.root, 'master.m3u8'));
  }

  private on(event: string, listener: () => void): void {
    this.video.addEventListener(event, listener);
    this.leave.push(() => this.video.removeEventListener(event, listener));
  }

  private want(): void {
    this.isWanted = true;
    if (this.root !== null) void this.start();
    else this.stand('starting');
  }

  private stand(standing: Standing): void {
    if (this.standing !== 'stopped' && this.standing !== 'unplayable') this.standing = standing;
  }

  private tally(root: string, blocks: number, bytes: number): void {
    if (root !== this.root) return;
    this.blocks = blocks;
    this.bytes = bytes;
  }

  private readAhead(rung: number, depth: Depth): void {
    const name = this.renditions[rung]?.name;
    if (name === undefined || this.root === null) return;
    void prove('ahead', { root: this.root, folders: [name, 'audio'], depth }).catch(() => undefined);
  }

  private async start(): Promise<void> {
    if (this.isStarted || this.root === null || this.source === null) return;
    this.isStarted = true;
    this.stand('starting');
    const isThrifty = chosen('thrifty');
    const rung = isThrifty ? 0 : startOf(this.renditions);
    // All that the first frame needs is under way at once; hls.js asks for one after the other and finds it here.
    if (this.startAt === 0) this.readAhead(rung, 'film');
    const program = await import('hls.js').catch(() => null);
    // The node is away, or was renewed under this page: once it answers, the page has to be loaded anew.
    if (program === null) {
      this.isStarted = false;
      return this.stop('lost', 'found no player, expected the node to give it: load the page anew');
    }
    const { default: Hls, Events } = program;
    const loader = loaderFor(this.root, {
      asked: (path) => (this.waitsFor = path),
      got: () => (this.waitsFor = ''),
      failed: (error) => this.fail(error),
    });
    const hls = new Hls({
      loader,
      // fMP4 needs no transmuxing, so there is nothing for a worker of its own to do.
      enableWorker: false,
      maxBufferLength: isThrifty ? 10 : 30,
      backBufferLength: 60,
      startLevel: rung,
      startPosition: this.startAt || -1,
      testBandwidth: false,
      abrEwmaDefaultEstimate: 4_000_000,
      capLevelToPlayerSize: true,
      emeEnabled: false,
      enableWebVTT: true,
    });
    this.hls = hls;
    // The smallest one, unless the viewer names another.
    if (isThrifty) hls.autoLevelCapping = 0;
    hls.on(Events.MANIFEST_PARSED, (_, { levels }) => (this.levels = levels.map((level) => level.height)));
    hls.on(Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks }) => (this.captions = subtitleTracks.map((track) => track.name)));
    hls.on(Events.LEVEL_SWITCHED, (_, { level }) => (this.shown = this.levels[level] ?? 0));
    hls.on(Events.ERROR, (_, { fatal, error }) => {
      if (fatal) this.stop('lost', this.missed || error.message);
    });
    hls.attachMedia({ media: this.video, mediaSource: this.source });
    hls.loadSource(addressOf(this.root, 'master.m3u8'));
  }

  /** What does not hold ends it at once; what does not come is asked for again by hls.js, for a while. */
  private fail(error: Error): void {
    if (!(error instanceof Refused)) this.missed = error.message;
    else if (error.reason !== 'left') this.stop('stopped', error.message);
  }

  private stop(standing: 'stopped' | 'lost', sentence: string): void {
    if (this.standing === 'stopped') return;
    this.standing = standing;
    this.sentence = sentence;
    this.hls?.stopLoad();
    this.video.pause();
  }
}
