/** A viewer and other people: follow, news, lists, hidden scores, what others can see. */

import { asked, inspect, keep, open, run, survey, told } from './browser.mjs';

run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 } });
  await context.addInitScript(() => {
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const page = await open(context);
  const shifts = [];
  const go = async (path) => {
    shifts.push(await page.evaluate(() => window.shifts ?? 0));
    await page.goto(asked.page + path);
    await page.waitForLoadState('networkidle');
  };

  await go(`/author/${asked.ada}`);
  await page.getByRole('heading', { name: 'Ada Marsh' }).waitFor();
  told.name = await page.locator('h1').textContent();
  const follow = page.locator('.follow button').first();
  told.before = await follow.innerText();
  await follow.click();
  await page.getByRole('button', { name: 'Let this page sign for you' }).click();
  await page.locator('.follow').getByRole('button', { name: 'record' }).waitFor();
  told.after = await follow.innerText();
  await keep(page, 'author-1440');

  await go('/');
  const row = page.getByRole('region', { name: 'From those you follow' });
  await row.locator('h3').first().waitFor();
  told.row = await row.locator('h3').allInnerTexts();
  told.why = await row.locator('li p.meta').last().innerText();
  const news = page.locator('header a.news');
  told.count = await news.getAttribute('aria-label');
  await news.click();
  await page.locator('ol li').nth(1).waitFor();
  told.news = await page.locator('ol li').evaluateAll((items) =>
    items.map((item) => {
      const [, said] = [...item.querySelectorAll('p')].map((one) => one.innerText);
      return said.replace(/^Ada Marsh /, '').replace(/ record$/, '').replace(/\s+/g, ' ');
    }),
  );
  await page.waitForFunction(() => document.querySelector('header a.news')?.getAttribute('aria-label') === 'News, 0 new');
  told.countAfter = await news.getAttribute('aria-label');
  await inspect(page, 'news');

  await go('/me');
  await page.getByLabel('Hide scores until I rate').check();
  await go(`/film/${encodeURIComponent(asked.film)}`);
  const scores = page.getByRole('region', { name: 'Scores' });
  told.hidden = await scores.locator('.hidden').innerText();
  told.bars = await scores.locator('.bar').evaluateAll((bars) => bars.filter((bar) => bar.offsetHeight > 2).length);
  await inspect(page, 'scores-hidden');

  const add = page.getByRole('button', { name: 'Add to a list' });
  await add.click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('A new list with this film').fill('Later');
  await sheet.getByRole('button', { name: 'Keep it here' }).click();
  await sheet.getByText('Kept in this browser.').waitFor();
  await sheet.getByLabel('A new list with this film').fill('Best');
  await sheet.getByLabel('Everybody may see it').check();
  await sheet.getByRole('button', { name: 'Sign it' }).click();
  await sheet.getByRole('group', { name: 'Public lists' }).getByText('Best').waitFor();
  await inspect(page, 'lists-sheet');
  await keep(page, 'lists-sheet-1440');
  await page.keyboard.press('Escape');

  await scores.locator('input[value="9"]').check({ force: true });
  await scores.getByText('Signed in this page').waitFor();
  told.shown = await scores.locator('.score').first().innerText();

  await go(`/list/${asked.list}`);
  await page.locator('.grid li').nth(1).waitFor();
  await page.getByText('Nobody published this film here.').waitFor();
  told.public = (await page.locator('.grid li').evaluateAll((items) => items.map((one) => one.querySelector('h3, .hint').innerText))).sort().reverse();
  await keep(page, 'list-1440');

  await go('/me');
  const lists = page.getByRole('region', { name: 'Lists', exact: true });
  await lists.locator('li a').nth(1).waitFor();
  told.mine = await lists.locator('li a').allInnerTexts();
  await lists.getByRole('link', { name: 'Later' }).click();
  await page.locator('.grid h3').waitFor();
  told.private = await page.locator('.grid h3').allInnerTexts();

  await go('/me');
  const seen = page.getByRole('region', { name: 'What others can see of you' });
  await seen.locator('li').nth(3).waitFor();
  told.seen = await seen.locator('li .num').allInnerTexts();
  const followed = seen.locator('li', { has: page.getByRole('button', { name: 'follow', exact: true }) });
  await followed.getByRole('button', { name: 'Take back' }).click();
  told.effect = await followed.locator('.said p').first().innerText();
  await keep(page, 'me-seen-1440');
  await followed.getByRole('button', { name: 'Take it back' }).click();
  await seen.getByText('Taken back: it counts no more.').first().waitFor();
  told.withdrawn = await followed.locator('.hint').first().innerText();

  const watching = page.getByRole('region', { name: 'Watching' });
  await page.evaluate((film) => localStorage.setItem('watched', JSON.stringify([{ film, name: 'First Light', time: 1 }])), asked.film);
  await go('/me');
  await watching.getByRole('button', { name: /^Erase all/ }).click();
  told.erased = await watching.getByText('Erased').innerText();
  told.kept = await page.evaluate(() => localStorage.getItem('watched'));
  shifts.push(await page.evaluate(() => window.shifts));
  told.shift = Math.max(...shifts);
  told.shifts = shifts;
  await go(`/film/${encodeURIComponent(asked.other)}`);
  const reported = page.getByRole('region', { name: 'Reports and rulings' });
  await reported.getByRole('button', { name: 'Report this film' }).click();
  await reported.getByLabel('What the matter is').selectOption('deceit');
  await reported.getByLabel('What you hold against it').fill('It is not the film of this name.');
  await inspect(page, 'report-form');
  await reported.getByRole('button', { name: 'Sign and publish' }).click();
  await reported.locator('li').first().waitFor();
  told.reported = await reported.locator('li strong').allInnerTexts();
  await go('/node');
  const waiting = page.getByRole('region', { name: 'Reports that wait for you' });
  await waiting.getByRole('button', { name: 'Decide' }).click();
  await waiting.getByLabel('Why, for everybody to read').fill('It says itself what it is.');
  await inspect(page, 'ruling-form');
  await waiting.getByRole('button', { name: 'Keep it' }).click();
  await waiting.getByText('Nothing waits for your ruling.').waitFor();
  await go(`/film/${encodeURIComponent(asked.other)}`);
  await reported.getByText('It says itself what it is.').waitFor();
  told.ruled = await reported.locator('li strong').allInnerTexts();
  await keep(page, 'reported-1440');
  await context.close();

  await survey(browser, { [`/author/${asked.ada}`]: 'author', [`/list/${asked.list}`]: 'list', '/news': 'news', '/me': 'me-people' });
});
