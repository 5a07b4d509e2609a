/** What the first frame needs comes all at once, every block once, and never hides why something failed. */

import { describe, expect, test, vi } from 'vitest';
import { Cid, DAG_PB, RAW } from '../src/verify/cid';
import { beginning, Early, readAhead } from '../src/verify/early';
import { join, type Octets } from '../src/verify/octets';
import { Tree } from '../src/verify/tree';

const NEVER = new AbortController().signal;
const utf8 = (text: string): Octets => new TextEncoder().encode(text);
const field = (name: number, data: Octets): Octets => join([Uint8Array.of((name << 3) | 2, data.length), data]);

/** Blocks that take a while, and how often each was asked for. */
class Line {
  readonly held = new Map<string, Octets>();
  readonly asked: string[] = [];
  together = 0;
  most = 0;
  isCut = false;

  readonly get = async (cid: Cid): Promise<Octets> => {
    this.asked.push(cid.text);
    this.most = Math.max(this.most, ++this.together);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.together--;
    const block = this.held.get(cid.text);
    if (this.isCut || block === undefined) throw new Error('no block');
    return block;
  };

  async put(block: Octets, codec: number): Promise<Cid> {
    const cid = await Cid.of(block, codec);
    this.held.set(cid.text, block);
    return cid;
  }

  /** A file of two leaves under an inner node. */
  async file(first: string, second: string): Promise<Cid> {
    const leaves = [await this.put(utf8(first), RAW), await this.put(utf8(second), RAW)];
    const links = leaves.map((leaf) => field(2, join([field(1, leaf.bytes), field(2, utf8('')), Uint8Array.of(24, 0)])));
    const sizes = [first.length, second.length].flatMap((size) => [32, size]);
    return this.put(join([...links, field(1, Uint8Array.of(8, 2, 24, first.length + second.length, ...sizes))]), DAG_PB);
  }

  folder(entries: readonly (readonly [string, Cid])[]): Promise<Cid> {
    const links = entries.map(([name, cid]) => field(2, join([field(1, cid.bytes), field(2, utf8(name)), Uint8Array.of(24, 0)])));
    return this.put(join([...links, field(1, Uint8Array.of(8, 1))]), DAG_PB);
  }
}

async function version(line: Line): Promise<Cid> {
  const file = (name: string): Promise<Cid> => line.put(utf8(name), RAW);
  const rendition = async (name: string): Promise<Cid> =>
    line.folder([
      ['00000.m4s', await file(`${name} first`)],
      ['00001.m4s', await file(`${name} second`)],
      ['index.m3u8', await file(`${name} list`)],
      [`init_${name}.mp4`, await file(`${name} head`)],
    ]);
  return line.folder([
    ['240', await rendition('240')],
    ['480', await rendition('480')],
    ['audio', await rendition('audio')],
    ['master.m3u8', await file('master')],
  ]);
}

describe('blocks ahead', () => {
  test('are the playlists, the head and the first piece of what is played, several at a time', async () => {
    const line = new Line();
    const root = await version(line);
    const early = new Early(line.get);
    await readAhead(new Tree((cid, signal) => early.begin(cid, signal)), root, ['480', 'audio'], 'film');
    expect(line.asked.length).toBe(1 + 1 + 2 + 2 * 3);
    expect(line.most).toBeGreaterThan(3);
    expect(line.asked).not.toContain((await Cid.of(utf8('480 second'), RAW)).text);
    expect(line.asked).not.toContain((await Cid.of(utf8('240 list'), RAW)).text);
  });
  test('are not asked for again by the player, and a second reading asks anew', async () => {
    const line = new Line();
    const root = await version(line);
    const early = new Early(line.get);
    await readAhead(new Tree((cid, signal) => early.begin(cid, signal)), root, ['480', 'audio'], 'film');
    const before = line.asked.length;
    const player = new Tree((cid, signal) => early.take(cid, signal));
    const read = async (path: string): Promise<string> => new TextDecoder().decode(await player.file(root, path, 100, NEVER));
    expect([await read('master.m3u8'), await read('480/init_480.mp4'), await read('480/00000.m4s')]).toEqual(['master', '480 head', '480 first']);
    expect(line.asked.length).toBe(before);
    await read('480/00000.m4s');
    expect(line.asked.length).toBe(before + 1);
  });
  test('are no bytes of the film before it is to play, but where they lie: then its blocks alone are missing', async () => {
    const line = new Line();
    const piece = await line.file('one', 'two');
    const folder = await line.folder([
      ['00000.m4s', piece],
      ['index.m3u8', await line.put(utf8('list'), RAW)],
      ['init_480.mp4', await line.put(utf8('head'), RAW)],
    ]);
    const sound = await line.folder([['00000.m4s', await line.put(utf8('sound'), RAW)]]);
    const root = await line.folder([
      ['480', folder],
      ['audio', sound],
      ['master.m3u8', await line.put(utf8('master'), RAW)],
    ]);
    const early = new Early(line.get);
    const tree = new Tree((cid, signal) => early.begin(cid, signal));
    await readAhead(tree, root, ['480', 'audio'], 'map');
    const texts = await Promise.all(['one', 'two', 'sound'].map(async (text) => (await Cid.of(utf8(text), RAW)).text));
    expect(line.asked.length).toBe(7);
    expect(line.asked).toContain(piece.text);
    for (const text of texts) expect(line.asked).not.toContain(text);
    await readAhead(tree, root, ['480', 'audio'], 'film');
    expect(line.asked.slice(7).sort()).toEqual(texts.sort());
    const player = new Tree((cid, signal) => early.take(cid, signal));
    expect(new TextDecoder().decode(await player.file(root, '480/00000.m4s', 100, NEVER))).toBe('onetwo');
    expect(line.asked.length).toBe(10);
  });
  test('that failed are asked for again by the player, who is told why', async () => {
    const line = new Line();
    const root = await version(line);
    const early = new Early(line.get);
    line.isCut = true;
    await readAhead(new Tree((cid, signal) => early.begin(cid, signal)), root, ['480'], 'film');
    const player = new Tree((cid, signal) => early.take(cid, signal));
    await expect(player.file(root, 'master.m3u8', 100, NEVER)).rejects.toThrow('no block');
    line.isCut = false;
    expect((await player.file(root, 'master.m3u8', 100, NEVER)).length).toBe(6);
  });
});

test('the first piece is told by its number, not by its letters', () => {
  expect(beginning(['10.m4s', '9.m4s', 'index.m3u8', 'init_1.mp4', 'poster.jpg'])).toEqual(['index.m3u8', 'init_1.mp4', '9.m4s']);
});

test.each([
  [[], 0],
  [[420_000, 1_200_000, 2_800_000], 1],
  [[5_000_000], 0],
  [[420_000], 0],
])('of the qualities %j playing begins with number %i', async (bandwidths, place) => {
  vi.stubGlobal('location', new URL('http://localhost/'));
  const { startOf } = await import('../src/player/player.svelte');
  expect(startOf(bandwidths.map((bandwidth) => ({ name: String(bandwidth), bandwidth })))).toBe(place);
});
