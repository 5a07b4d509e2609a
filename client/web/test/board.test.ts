/** The storyboard and the chapters of a film are read as they were written, and nothing else is. */

import { describe, expect, it } from 'vitest';
import { chapterAt, chaptersOf, cuesOf, partAt } from '../src/player/board';

const BOARD = `WEBVTT

00:00:00.000 --> 00:00:02.000
storyboard/001.jpg#xywh=0,0,160,90

01:00:02.500 --> 01:00:04.000
storyboard/002.jpg#xywh=1440,810,160,90
`;

describe('a storyboard', () => {
  it('has the picture of each moment', () => {
    const cues = cuesOf(BOARD);
    expect(cues.map((cue) => [cue.start, cue.end])).toEqual([
      [0, 2],
      [3602.5, 3604],
    ]);
    expect(partAt(cues, 1)).toEqual({ sheet: 'storyboard/001.jpg', x: 0, y: 0, width: 160, height: 90 });
    expect(partAt(cues, 9999)?.sheet).toBe('storyboard/002.jpg');
    expect(partAt([], 1)).toBeNull();
  });

  it('names no file but its own sheets', () => {
    for (const name of ['https://x.example/1.jpg', '../001.jpg', 'storyboard/../x.jpg', 'poster.jpg', 'storyboard/001.jpg']) {
      const cues = cuesOf(`WEBVTT\n\n00:00.000 --> 00:02.000\n${name}${name.endsWith('001.jpg') && name.startsWith('s') ? '' : '#xywh=0,0,1,1'}\n`);
      expect(cues).toHaveLength(1);
      expect(partAt(cues, 0)).toBeNull();
    }
  });

  it('leaves out what is no cue', () => {
    expect(cuesOf('')).toEqual([]);
    expect(cuesOf('WEBVTT\n\nsoon --> later\nx\n\n00:00.000 --> 00:01.000\n')).toEqual([]);
  });
});

describe('chapters', () => {
  it('are told by the moment, in plain words', () => {
    const chapters = chaptersOf(cuesOf('WEBVTT\n\n00:05.000 --> 00:09.000\nDay\n\n00:00.000 --> 00:05.000\nNight &lt;1&gt; &amp;amp;\n'));
    expect(chapters).toEqual([
      { start: 0, title: 'Night <1> &amp;' },
      { start: 5, title: 'Day' },
    ]);
    expect(chapterAt(chapters, 4.9)?.title).toContain('Night');
    expect(chapterAt(chapters, 5)?.title).toBe('Day');
    expect(chapterAt([], 5)).toBeNull();
  });
});
