/**
 * A viewer's way through the page of a real node, in Chromium: finds a film, plays it, rates it, sees why.
 * Prints one line of JSON: what was seen, and all that a page must not do.
 *
 * usage: node journey.mjs '{"page": URL, "film": ID, "chromium": PATH, "file": FILM FILE, "pictures": FOLDER}'
 * Without "file" nothing is published, without "pictures" none are kept.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asked, inspect, open, run, told } from './browser.mjs';

const WIDTHS = [1440, 834, 390];
const SCREENS = ['/', `/film/${asked.film}`, '/studio', '/audit', '/node', '/me'];

/** A browser writes every refused request to its console; some are meant. */
function isUnmeant(line) {
  return !line.includes('Failed to load resource');
}

/** Counts the blocks that the page or its worker asked for from now on. */
function blocksOf(context) {
  const urls = new Set();
  context.on('request', (request) => request.url().includes('/ipfs/') && urls.add(request.url()));
  return urls;
}

async function play(context) {
  const page = await open(context);
  await page.goto(asked.page + '/');
  await page.locator(`a[href="/film/${asked.film}"]`).first().waitFor();
  told.first = await page.locator('a[href^="/film/"]').first().getAttribute('href');
  await page.waitForLoadState('networkidle');

  const blocks = blocksOf(context);
  await page.goto(`${asked.page}/film/${asked.film}`);
  const video = page.locator('video');
  await video.waitFor();
  told.hasSource = await video.evaluate((element) => element.src.startsWith('blob:'));
  told.name = await page.locator('h1.film-name').textContent();
  await page.waitForLoadState('networkidle');
  told.blocksBefore = blocks.size;

  await video.evaluate((element) => {
    element.requestVideoFrameCallback(() => (window.firstFrame = performance.now()));
  });
  told.firstFrameMs = await page.evaluate(async () => {
    const began = performance.now();
    document.querySelector('.begin').click();
    while (window.firstFrame === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    return Math.round(window.firstFrame - began);
  });
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 1);
  told.frames = await video.evaluate((element) => element.getVideoPlaybackQuality().totalVideoFrames);
  told.proof = (await page.locator('.proof').textContent()).trim();
  told.blocksAfter = blocks.size;
  if (asked.pictures) await page.screenshot({ path: picture('playing-1440-light') });
  await page.locator('video').focus();
  await page.keyboard.press('k');

  await page.locator('input[name="stars"]').first().focus();
  await page.keyboard.press('9');
  await page.locator('.mine .num').waitFor();
  told.rated = await page.locator('.mine .value').textContent();
  await page.locator('.next .quiet').first().waitFor();
  told.next = await page.locator('.next li').allTextContents();
  if (asked.pictures) await page.screenshot({ path: picture('rated-1440-light'), fullPage: true });
  await page.locator('.next .quiet').first().click();
  await page.locator('dialog[open] ol').waitFor();
  told.why = (await page.locator('dialog[open]').textContent()).replace(/\s+/g, ' ').trim();
  if (asked.pictures) await page.screenshot({ path: picture('why-1440-light') });
  await page.locator('dialog[open] ol .num').first().click();
  await page.locator('dialog[open] .verdict').waitFor();
  if (asked.pictures) await page.screenshot({ path: picture('record-1440-light') });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.locator('dialog').first().waitFor({ state: 'detached' });

  // By pointer, and the newest rating counts.
  const signed = page.waitForResponse((response) => response.url().endsWith('/api/ratings'));
  await page.locator('input[name="stars"][value="7"]').click();
  told.ratedAgain = (await signed).status();
  await page.close();
}

async function directPlay(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/film/${asked.film}`);
  // Before anything is known of the film, `play()` has to wait and not to fail.
  told.playedByCall = await page.evaluate(async () => {
    const video = document.querySelector('video');
    video.muted = true;
    await video.play();
    return !video.paused;
  });
  await page.close();
}

async function publish(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/studio`);
  const fields = page.locator('form .field');
  await fields.nth(0).fill(asked.file);
  await fields.nth(1).fill('Published by page');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.locator('.said.pass').waitFor({ timeout: 120_000 });
  told.steps = await page.locator('li.done h3').allTextContents();
  if (asked.pictures) await page.screenshot({ path: picture('published-1440-light') });
  await page.goto(`${asked.page}/audit`);
  await page.getByRole('button', { name: 'Gather' }).click();
  const link = page.locator('a[download]');
  await link.waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  told.bundle = download.suggestedFilename();
  await page.close();
}

async function strangers(context) {
  const page = await open(context);
  const unknown = 'bafyreih6plaa5mbjshl66adxhsbohhzybsixbmzerolvcdtkjqmiz5fjei';
  await page.goto(`${asked.page}/film/${unknown}`);
  told.unknown = await page.locator('h1.page-name').textContent();
  await page.goto(`${asked.page}/film/movielens%3A1`);
  told.external = await page.locator('h1.page-name').textContent();
  told.complaints = told.complaints.filter(isUnmeant);
  await page.close();
}

async function lie(context) {
  const page = await open(context);
  await context.route('**/ipfs/**', async (route) => {
    const response = await route.fetch();
    const body = Buffer.from(await response.body());
    // Playlists stay honest: it is in the midst of the film that a byte is changed.
    if (body.length > 8_000) body[body.length >> 1] ^= 1;
    await route.fulfill({ response, body });
  });
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.begin').click();
  const word = page.locator('.word p');
  await word.waitFor();
  told.lie = (await word.textContent()).trim();
  told.playedLie = await page.locator('video').evaluate((element) => element.currentTime);
  await context.unroute('**/ipfs/**');

  // A block that does not come is another matter: it may come later, and then the film goes on.
  const before = told.complaints.length;
  await context.route('**/ipfs/**', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.begin').click();
  await word.locator('button').waitFor();
  told.lost = (await word.textContent()).trim();
  await context.unroute('**/ipfs/**');
  await word.locator('button').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 0.5);
  told.isFound = true;
  told.complaints.splice(before, told.complaints.length, ...told.complaints.slice(before).filter(isUnmeant));
  await page.close();
}

function picture(name) {
  mkdirSync(asked.pictures, { recursive: true });
  return join(asked.pictures, `${name}.png`);
}

/** Every screen at three widths and both lights: it fits, and nothing stands in anybody's way. */
async function photograph(browser) {
  for (const width of WIDTHS) {
    for (const colorScheme of ['light', 'dark']) {
      const isChinese = width === 390 && colorScheme === 'light';
      const locale = isChinese ? 'zh-CN' : 'en-GB';
      const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1040 }, colorScheme, locale });
      const page = await open(context);
      for (const path of SCREENS) {
        await page.goto(asked.page + path);
        await page.locator('main').waitFor();
        await page.waitForLoadState('networkidle');
        const name = path === '/' ? 'films' : path.split('/')[1];
        await inspect(page, `${path} at ${width} ${colorScheme}`);
        if (asked.pictures) await page.screenshot({ path: picture(`${name}-${width}-${colorScheme}`), fullPage: true });
      }
      await context.close();
    }
  }
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  await play(context);
  await directPlay(context);
  await lie(context);
  await strangers(context);
  if (asked.file) await publish(context);
  await context.close();
  await photograph(browser);
});
