/**
 * The page of a node that has nothing yet: what it says, in both languages and lights, and while the node is away.
 *
 * usage: node first_run.mjs '{"page": URL, "chromium": PATH}'
 */

import { asked, forgive, inspect, open, run, told } from './browser.mjs';

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 834, height: 1040 }, locale: 'en-GB', colorScheme: 'light' });
  const page = await open(context);
  await page.goto(asked.page + '/');
  await page.locator('main .film-name').waitFor();
  told.films = await page.locator('a[href^="/film/"]').count();
  told.name = await page.locator('main .film-name').textContent();
  told.ways = await page.locator('main .acts a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  await inspect(page, 'first run');

  // By keyboard alone: the first stop leads past the head, and the choices are within reach.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  told.focused = await page.evaluate(() => document.activeElement.id);
  await page.getByRole('button', { name: '中文' }).press('Enter');
  await page.locator('html[lang="zh-Hans"]').waitFor();
  told.chinese = await page.locator('main .film-name').textContent();
  await page.locator('header button').last().press('Enter');
  await page.reload();
  await page.locator('main .film-name').waitFor();
  told.isKept = (await page.locator('html').getAttribute('lang')) === 'zh-Hans';
  told.isDark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor === 'rgb(18, 18, 18)');
  await inspect(page, 'first run in Chinese, lights down');
  await page.getByRole('button', { name: 'English' }).press('Enter');

  // The node goes away and comes back, under the open page.
  const before = told.complaints.length;
  await context.setOffline(true);
  const word = page.locator('div[role="status"] > p').first();
  await word.waitFor();
  told.away = (await word.textContent()).trim();
  await context.setOffline(false);
  await word.waitFor({ state: 'detached' });
  told.isBack = true;
  // These were meant.
  forgive(before, 'ERR_INTERNET_DISCONNECTED');
  await context.close();
});
