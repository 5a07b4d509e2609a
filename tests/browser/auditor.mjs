/**
 * An auditor's way: has the node gather proofs, checks them in the browser step by step, and again with the network off.
 * Prints one line of JSON: what was seen, and all that a page must not do.
 *
 * usage: node auditor.mjs '{"page": URL, "author": ID, "record": ID, "chromium": PATH, "pictures": FOLDER}'
 */

import { readFile } from 'node:fs/promises';
import { asked, forgive, inspect, keep, keepWide, open, run, told } from './browser.mjs';

const OVER = 'section[aria-labelledby="check"] h3';

/** What the page says of the whole once every step is there. */
async function verdictOf(page) {
  await page.locator(OVER).waitFor();
  return (await page.locator('#verdict .said').textContent()).trim();
}

async function save(page) {
  const link = page.locator('a[download$=".audit.car"]');
  await link.waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return readFile(await download.path());
}

async function take(page, name, buffer) {
  await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/vnd.ipld.car', buffer });
  await page.locator(`a[download="${name.replace('.car', '')}.report.json"]`).waitFor();
  return verdictOf(page);
}

async function english(browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  const page = await open(context);
  await page.goto(`${asked.page}/audit`);
  await page.getByRole('button', { name: 'Gather' }).click();
  told.film = await verdictOf(page);
  told.steps = await page.locator('ol.steps > li').count();
  const bytes = await save(page);

  const paste = page.locator('input[type=text]');
  await paste.fill(asked.author);
  await paste.press('Enter');
  await page.getByText('No anchored record is missing').or(page.getByText('feeds are whole')).first().waitFor();
  told.author = await verdictOf(page);
  await paste.fill('nothing of ours');
  await paste.press('Enter');
  told.unknown = (await page.locator('section[aria-labelledby="check"] .said.fail').first().textContent()).trim();
  await paste.fill(asked.record);
  await paste.press('Enter');
  await page.locator('dialog .verdict').waitFor();
  told.record = (await page.locator('dialog .verdict').textContent()).trim();
  await page.keyboard.press('Escape');

  const before = told.complaints.length;
  await context.setOffline(true);
  told.whole = await take(page, 'whole.car', bytes);
  await inspect(page, 'whole');
  told.cut = await take(page, 'cut.car', bytes.subarray(0, -1));
  told.named = (await page.locator('ol.steps > li.fail summary').first().textContent()).trim();
  await inspect(page, 'cut');
  await keepWide(page, 'audit-cut', true);
  await page.setViewportSize({ width: 390, height: 844 });
  await inspect(page, 'cut on a phone');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[download$=".report.json"]').click()]);
  told.report = JSON.parse(await readFile(await download.path(), 'utf8'));
  forgive(before);
  await context.close();
}

async function chinese(browser) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN', colorScheme: 'dark' });
  const page = await open(context);
  await page.goto(`${asked.page}/audit`);
  await page.getByRole('button', { name: '证明整个网络' }).click();
  told.network = await verdictOf(page);
  await inspect(page, 'network in Chinese');
  await keep(page, 'audit-390-zh', true);
  await context.close();
}

await run(async (browser) => {
  await english(browser);
  await chinese(browser);
});
