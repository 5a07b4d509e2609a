/** What the node says of lists in fixed words is read in those of the page. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { causeSaid, formSaid, OFFERED, reasonSaid, ruleSaid, sharedSaid, signalSaid } from '../src/taste/said';
import { ruleOf } from '../src/taste/rules';
import { speak } from '../src/words/words.svelte';

const VALUES = { number: '90', year: '1990', genre: 'drama', languages: 'en, zh' } as const;

beforeEach(() => void vi.stubGlobal('document', { documentElement: { lang: 'en' } }));
afterEach(async () => {
  await speak('en', false);
  vi.unstubAllGlobals();
});

describe('a rule', () => {
  test.each(OFFERED.map((form) => [form.word, form] as const))('%s is written as the node reads it and said as it was chosen', async (_, form) => {
    const written = form.written(form.value === null ? '' : VALUES[form.value]);
    expect(() => ruleOf(written, [])).not.toThrow();
    for (const language of ['en', 'zh'] as const) {
      await speak(language, false);
      const said = ruleSaid(written);
      expect(said).not.toMatch(/\{|…/);
      for (const part of formSaid(form).split('…')) expect(said).toContain(part);
      if (language === 'zh') expect(said.replace('drama', '')).not.toMatch(/[a-z]/i);
    }
  });
  test('that is none comes back as it is', () => expect(ruleSaid('as you like it')).toBe('as you like it'));
  test('says languages by their names', () => expect(ruleSaid('In en or  zh')).toBe('in English or Chinese'));
});

describe('a reason', () => {
  test.each([
    ['rated', 'you rated it', '你已评过'],
    ['not licensed here', 'it may not be shown where you are', '在你所在的地区不可放映'],
    ['at most 90 minutes', 'at most 90 minutes', '最多 90 分钟'],
    ['before 1990: not known of it', 'nobody said whether this fits it: before 1990', '没有人说明它是否符合：1990 年以前'],
    ['something new', 'something new', 'something new'],
  ])('%s', async (reason, english, chinese) => {
    expect(reasonSaid(reason)).toBe(english);
    await speak('zh', false);
    expect(reasonSaid(reason)).toBe(chinese);
  });
});

test('what films share, and what speaks for one, is said in the page’s language', async () => {
  await speak('zh', false);
  expect(['genre drama', 'language en', 'decade 1990', 'director ada', 'language ?!'].map(sharedSaid)).toEqual(['drama', '英语', '1990 年代', 'director ada', '?!']);
  expect([signalSaid('lately.2'), signalSaid('other')]).toEqual(['你评分的先后', 'other']);
  const cause = { channel: 'liked', film: 'a', stars: 9, adds: 1, record: null, liked_both: 0, viewers: [], shared: [] };
  expect(causeSaid(cause, () => '甲')).toBe('你私下给《甲》打了 9 分');
  expect(causeSaid({ ...cause, channel: 'diversity' }, () => '甲')).toBe('与排在前面的《甲》相似');
});
