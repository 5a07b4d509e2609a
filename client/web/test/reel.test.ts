/** The playlists that a film in a frame is played by: read strictly, and never out of their own version. */

import { describe, expect, test } from 'vitest';
import { pieceAt, readMaster, readTrack, typeOf } from '../src/embed/playlist';

const MASTER = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=968462,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=854x480,AUDIO="sound"
480p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=340454,CODECS="avc1.640015,mp4a.40.2",RESOLUTION=428x240,AUDIO="sound"
240p/index.m3u8
`;
const TRACK = `#EXTM3U
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.000000,
00000.m4s
#EXTINF:2.5,
00001.m4s
#EXT-X-ENDLIST
`;

describe('a master playlist', () => {
  test('names the qualities, the least first, and their sound', () => {
    const { rungs, sounds } = readMaster(MASTER);
    expect(rungs.map(({ path, bandwidth }) => [path, bandwidth])).toEqual([
      ['240p/index.m3u8', 340454],
      ['480p/index.m3u8', 968462],
    ]);
    expect(sounds.get(rungs[0]!.sound!)).toBe('audio/index.m3u8');
    expect(typeOf(rungs[0]!.codecs, false)).toBe('video/mp4; codecs="avc1.640015"');
    expect(typeOf(rungs[0]!.codecs, true)).toBe('audio/mp4; codecs="mp4a.40.2"');
    expect(typeOf(['avc1.640015'], true)).toBeNull();
  });

  test.each([
    ['', 'no playlist'],
    ['#EXTM3U\n', 'no quality'],
    [MASTER.replace('968462', '-1'), 'a quality without bits'],
    [MASTER.replace('240p/index.m3u8\n', ''), 'a quality without bits or file'],
    [MASTER.replace('480p/index.m3u8', '../other.m3u8'), 'the address'],
    [MASTER.replace('480p/index.m3u8', 'https://elsewhere.example/a'), 'the address'],
    [MASTER.replace('audio/index.m3u8', '/audio'), 'the address'],
  ])('is refused: %j', (text, found) => {
    expect(() => readMaster(text)).toThrow(found);
  });
});

describe('a track', () => {
  test('has its pieces in order, below its own folder', () => {
    const track = readTrack(TRACK, '480p/index.m3u8');
    expect(track.begin).toBe('480p/init.mp4');
    expect(track.pieces).toEqual([
      { path: '480p/00000.m4s', begin: 0, length: 4 },
      { path: '480p/00001.m4s', begin: 4, length: 2.5 },
    ]);
    expect([0, 3.9, 4, 99].map((seconds) => pieceAt(track, seconds))).toEqual([0, 0, 1, 1]);
  });

  test('that a key opens is told as sealed', () => {
    expect(readTrack(TRACK, 'a').isSealed).toBe(false);
    expect(readTrack(TRACK.replace('#EXTINF', '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF'), 'a').isSealed).toBe(true);
    expect(readTrack(TRACK.replace('#EXTINF', '#EXT-X-KEY:METHOD=NONE\n#EXTINF'), 'a').isSealed).toBe(false);
  });

  test.each([
    [TRACK.replace('#EXT-X-ENDLIST\n', ''), 'without begin, pieces or end'],
    [TRACK.replace('#EXT-X-MAP:URI="init.mp4"\n', ''), 'without begin'],
    [TRACK.replace('#EXTINF:2.5,\n', ''), 'a file without a length'],
    [TRACK.replace('2.5', '0'), 'a piece without a length'],
    [TRACK.replace('00001.m4s', '../../x'), 'the address'],
    [TRACK.replace('init.mp4', 'data:video/mp4,'), 'the address'],
  ])('is refused: %j', (text, found) => {
    expect(() => readTrack(text, '480p/index.m3u8')).toThrow(found);
  });
});
