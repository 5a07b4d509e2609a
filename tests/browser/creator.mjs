/**
 * A creator's way through the studio of a real node: drops a film, is cut off in every way there is, and publishes it.
 *
 * usage: node creator.mjs '{"page": URL, "chromium": PATH, "pictures": FOLDER, "files": {…}, "holder": 0x…, "marks": FOLDER}'
 */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asked, forgive, inspect, keep, keepWide, open, run, survey, told } from './browser.mjs';

const { files } = asked;
const studio = `${asked.page}/studio`;

/** Drops files of this machine on the page, as a file manager does. */
async function drop(page, ...paths) {
  const session = await page.context().newCDPSession(page);
  const box = await page.locator('.drop').boundingBox();
  const at = { x: box.x + box.width / 2, y: box.y + 20, data: { items: [], files: paths, dragOperationsMask: 1 } };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...at });
  await session.detach();
}

/** What the page says when something that is no film is dropped. */
async function refusal(page, ...paths) {
  await drop(page, ...paths);
  const word = page.locator('.refused');
  await word.waitFor();
  return (await word.textContent()).trim();
}

/** Lets bytes pass until `most` requests brought some; the one that is `cut` is broken off, later ones never arrive. */
async function narrow(context, most, cut) {
  let count = 0;
  await context.route('**/api/uploads/*', async (route) => {
    if (route.request().method() !== 'PATCH') return route.continue();
    count++;
    if (count === cut) return route.abort('connectionreset');
    if (count <= most) return route.continue();
  });
}

async function badInput(page) {
  await page.goto(studio);
  told.nofile = await page.locator('form .primary').isDisabled();
  told.refused = {};
  for (const [sort, paths] of Object.entries({ folder: [files.folder], several: [files.film, files.text], empty: [files.empty], other: [files.text] })) {
    told.refused[sort] = await refusal(page, ...paths);
  }
  await inspect(page, 'refused');
}

async function cutOff(context) {
  const before = told.complaints.length;
  const page = await open(context);
  await badInput(page);
  await narrow(context, 3, 2);
  await drop(page, files.film);
  await page.locator('.word .wait').waitFor();
  told.broken = (await page.locator('.word').textContent()).trim();
  await page.locator('.edge', { hasText: '16.8 MB of' }).waitFor();
  told.isSending = await page.locator('.word').textContent();
  await page.getByLabel('Name of the film').fill('First Light');
  await page.getByLabel('Year').fill('20266');
  await page.getByLabel('Synopsis').fill('A bar counts its own frames.');
  told.year = (await page.locator('.wrong').first().textContent()).trim();
  await page.getByLabel('Year').fill('2026');
  await page.getByLabel('Genres').fill('drama, short');
  await page.getByLabel('Languages').fill('en, zh-Hans');
  await page.getByRole('button', { name: 'Add a credit' }).click();
  await page.getByLabel('Who', { exact: true }).fill('Ada Reel');
  await page.getByLabel('What they did').fill('director');

  // The same file from another tab: one of them sends.
  const other = await open(context);
  await other.goto(studio);
  await drop(other, files.film);
  await other.locator('.word .fail').waitFor();
  told.twice = (await other.locator('.word').textContent()).trim();
  await other.close();
  await keep(page, 'studio-sending-1440-light', true);
  await page.close();
  await context.unroute('**/api/uploads/*');
  forgive(before);
}

/** The tab was closed; the node stops and starts again under the next one. */
async function comeBack(page) {
  await page.goto(studio);
  await page.locator('.left').waitFor();
  told.left = (await page.locator('.left').textContent()).replace(/\s+/g, ' ').trim();
  told.draft = await page.getByLabel('Name of the film').inputValue();
  const before = told.complaints.length;
  writeFileSync(join(asked.marks, 'restart'), '');
  await page.waitForTimeout(500);
  await drop(page, files.film);
  while (!existsSync(join(asked.marks, 'restarted'))) await page.waitForTimeout(200);
  if (await page.locator('.drop .fail').isVisible()) await page.getByRole('button', { name: 'Go on' }).click();
  await page.locator('.word .pass').waitFor();
  told.whole = (await page.locator('.drop').textContent()).replace(/\s+/g, ' ').trim();
  forgive(before);
}

async function rights(page) {
  await page.getByLabel('Register the title').check();
  await page.getByRole('button', { name: 'Add a co-owner' }).click();
  await page.getByLabel('Co-owner 1: ledger').fill('0xab');
  await page.getByLabel('Percent').fill('100.01');
  await page.getByLabel('Percent').press('Tab');
  told.over = (await page.locator('.sum').textContent()).trim();
  await page.locator('form .primary').click();
  told.focused = await page.evaluate(() => document.activeElement.name);
  told.address = (await page.locator('.wrong').first().textContent()).trim();
  await inspect(page, 'wanting');
  await page.getByLabel('Co-owner 1: ledger').fill(asked.holder);
  await page.getByLabel('Percent').fill('30');
  told.rest = (await page.locator('.sum').textContent()).trim();
  await page.getByLabel('Offer licences').check();
  await page.getByLabel('Price', { exact: true }).fill('1000000');
  await page.getByLabel('Use', { exact: true }).selectOption('festival');
  for (const place of ['France', 'Germany']) {
    await page.getByLabel('Find a country').fill(place.toLowerCase());
    await page.locator('.list').getByLabel(place).check();
  }
  await page.getByLabel('Find a country').fill('');
  await page.getByLabel('Days', { exact: true }).fill('30');
  await page.getByLabel('How many', { exact: true }).fill('5');
  told.signs = (await page.locator('.signs .people').textContent()).replace(/\s+/g, ' ').trim();
  await keep(page, 'studio-filled-1440-light', true);
  await page.locator('form .primary').click();
  await page.locator('article h3', { hasText: 'First Light' }).waitFor();
}

/** The second file is no film; it waits for the first one, is cancelled, tried again, and fails with its reason. */
async function second(page) {
  const before = told.complaints.length;
  const looked = page.waitForResponse((answer) => answer.url().endsWith('/estimates') && answer.status() === 400);
  await drop(page, files.fake);
  await page.locator('.word .pass').waitFor();
  // The node looks into it at once, and says that it is no film.
  told.looked = (await looked).status();
  await page.getByLabel('Name of the film').fill('Not a Film');
  await page.locator('form .primary').click();
  const job = page.locator('article', { hasText: 'Not a Film' });
  await job.waitFor();
  await job.getByRole('button', { name: 'Cancel' }).click();
  await job.locator('.said', { hasText: 'Cancelled' }).waitFor();
  told.cancelled = true;
  forgive(before);
  await job.getByRole('button', { name: 'Try again' }).click();
}

/** Captions are timed beside the film: all of them later; a time that cannot be is told, and taken back. */
async function captions(page) {
  const srt = '1\n00:00:01,000 --> 00:00:02,000\nFirst words\n\n2\n00:00:03,000 --> 00:00:04,000\nSecond words\n';
  await page.getByLabel('Add captions (SRT, WebVTT)').setInputFiles({ name: 'film.en.srt', mimeType: 'application/x-subrip', buffer: Buffer.from(srt) });
  await page.getByRole('button', { name: 'Times of the captions' }).click();
  const desk = page.getByRole('dialog');
  await desk.getByLabel('Seconds later, or earlier with −').fill('1.5');
  await desk.getByRole('button', { name: 'Shift all lines' }).click();
  told.shifted = await desk.getByLabel('Line 1 begins').inputValue();
  await desk.getByLabel('Line 2 ends').fill('0:01');
  await desk.getByLabel('Line 2 ends').press('Tab');
  told.mistimed = (await desk.locator('.said.fail').textContent()).trim();
  told.held = await desk.getByRole('button', { name: 'Keep these times' }).isDisabled();
  await inspect(page, 'timing');
  await keepWide(page, 'studio-timing');
  await desk.getByRole('button', { name: 'Undo' }).click();
  await desk.getByRole('button', { name: 'Keep these times' }).click();
  await page.getByLabel('Language of the captions').waitFor();
}

async function publish(context) {
  const page = await open(context);
  await comeBack(page);
  await captions(page);
  await rights(page);
  await second(page);
  await page.close();

  const next = await open(context);
  await next.goto(studio);
  const job = next.locator('article', { hasText: 'First Light' });
  await job.waitFor();
  await keepWide(next, 'studio-working');
  await job.locator('.said.pass').waitFor({ timeout: 120_000 });
  told.stages = await job.locator('ol li').allTextContents();
  told.made = await job.locator('dl dt').allTextContents();
  const failed = next.locator('article', { hasText: 'Not a Film' });
  await failed.locator('.said.fail').waitFor();
  told.failed = (await failed.locator('.said.fail').textContent()).trim();
  await keep(next, 'studio-done-1440-light', true);
  await job.locator('dl .num').first().click();
  await next.locator('dialog[open] .verdict').waitFor();
  await next.keyboard.press('Escape');
  await job.getByRole('link', { name: 'To the film' }).click();
  await next.locator('h1.film-name').waitFor();
  told.film = decodeURIComponent(new URL(next.url()).pathname.split('/').at(-1));
  told.name = await next.locator('h1.film-name').textContent();
  const box = next.locator('section[aria-labelledby="rights"]');
  await box.locator('.bar').waitFor();
  told.shares = await box.locator('.pairs dd').allTextContents();
  await next.close();
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB', colorScheme: 'light' });
  await cutOff(context);
  await publish(context);
  await context.close();
  await survey(browser, { '/studio': 'studio' });
});
