/** A film's names in other languages: read as the node reads them, and shown to those who read that language. */

import { describe, expect, test } from 'vitest';
import { inWords, nameIn } from '../src/show/translated';
import { translationsOf } from '../src/verify/translations';

const ZH = { language: 'zh-Hans', name: '第一缕光', synopsis: '一根木条数着画格。' };

describe('translations of a record', () => {
  test('are read, the first of each language', () => {
    expect(translationsOf([ZH, { ...ZH, language: 'ZH-hans', name: '另一个' }])).toEqual([ZH]);
    expect(translationsOf(Array.from({ length: 40 }, (_, n) => ({ ...ZH, language: `a${String.fromCharCode(97 + (n % 26))}${n < 26 ? '' : 'x'}` })))).toHaveLength(32);
  });
  test.each([
    [undefined],
    [7],
    ['zh'],
    [[7]],
    [[null]],
    [[{}]],
    [[{ ...ZH, language: 'z' }]],
    [[{ ...ZH, language: 'zh_Hans' }]],
    [[{ ...ZH, name: '' }]],
    [[{ ...ZH, name: 'x'.repeat(1_025) }]],
    [[{ ...ZH, synopsis: 'x'.repeat(16_385) }]],
    [[{ language: 'zh', name: '光' }]],
  ])('of another form are left out: %j', (value) => {
    expect(translationsOf(value as never)).toEqual([]);
  });
});

describe('the words that are shown', () => {
  const film = { name: 'First Light', synopsis: 'A bar counts.', translations: [{ ...ZH, language: 'zh-Hant', name: '第一縷光' }, ZH] };
  test('are those of the reader’s language, with the first name beside', () => {
    expect(inWords(film, 'zh-Hans')).toEqual({ name: '第一缕光', synopsis: ZH.synopsis, original: 'First Light', language: 'zh-Hans' });
  });
  test('are of the same language in another script where there is no nearer one', () => {
    expect(inWords(film, 'zh-Latn').name).toBe('第一縷光');
  });
  test('are the first ones for everybody else, and for a film without others', () => {
    expect(inWords(film, 'en')).toEqual({ name: 'First Light', synopsis: 'A bar counts.', original: '', language: undefined });
    expect(inWords({ name: 'First Light' }, 'zh-Hans')).toEqual({ name: 'First Light', synopsis: '', original: '', language: undefined });
  });
  test('name a film that the node tells of, and nothing where it tells of none', () => {
    expect(nameIn({ name: 'First Light', facts: { translations: [ZH] } }, 'zh-Hans')).toBe('第一缕光');
    expect(nameIn(undefined, 'zh-Hans')).toBeUndefined();
  });
  test('keep the first synopsis where the translation has none, and name nothing twice', () => {
    expect(inWords({ ...film, translations: [{ language: 'zh', name: 'First Light', synopsis: '' }] }, 'zh-Hans')).toEqual({ name: 'First Light', synopsis: 'A bar counts.', original: '', language: 'zh' });
  });
});
