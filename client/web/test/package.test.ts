/** What a creator changed of a film's package is asked for, and nothing that was left as it is. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { LOUDNESS_LUFS, Package } from '../src/studio/package.svelte';

const FOUND = {
  duration_s: 60,
  size_bytes: 5,
  has_audio: true,
  renditions: ['480p'],
  captions: [],
  chapters: '00:00:00.000 In\n',
  package_bytes: 9,
  room_bytes: 10,
  fits: true,
  ladder_s: null,
  stills: [{ seconds: 3, jpeg: btoa('\xff\xd8') }],
};

function answering(answer: unknown, status = 200): void {
  vi.stubGlobal(
    'fetch',
    vi.fn(() => Promise.resolve(new Response(JSON.stringify(answer), { status, headers: { 'content-type': 'application/json' } }))),
  );
}

afterEach(() => vi.unstubAllGlobals());

describe('a package', () => {
  it('asks for nothing that was left as the node found it', async () => {
    answering(FOUND);
    const made = new Package();
    await made.look('upload');
    expect(made.stills.map((still) => still.seconds)).toEqual([3]);
    expect(made.chapters).toBe(FOUND.chapters);
    expect(made.wish('upload')).toEqual({});
    await made.look('upload');
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('asks for what was changed', async () => {
    answering(FOUND);
    const made = new Package();
    await made.look('upload');
    await made.add(new File(['00:01.000 --> 00:02.000\nHello\n'], 'film.EN.srt'));
    await made.add(new File([new Uint8Array(2 << 20)], 'film.de.srt'));
    [made.chapters, made.poster, made.isLevelled] = ['', 3, true];
    expect(made.wish('another')).toEqual({});
    expect(made.wish('upload')).toEqual({
      captions: [{ language: 'en', name: '', text: '00:01.000 --> 00:02.000\nHello\n' }],
      chapters: '',
      poster: 3,
      loudness: LOUDNESS_LUFS,
    });
    made.clear();
    expect(made.wish('upload')).toEqual({});
  });

  it('tells why the node found no film', async () => {
    answering({ type: 'about:blank', status: 400, detail: 'found a text, expected a film' }, 400);
    const made = new Package();
    await made.look('upload');
    expect(made.problem).toContain('expected a film');
    expect(made.wish('upload')).toEqual({});
  });
});
