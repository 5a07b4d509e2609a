/**
 * A viewer's way through the page of a real node, in Chromium: finds a film, plays it, rates it, sees why.
 * Prints one line of JSON: what was seen, and all that a page must not do.
 *
 * usage: node journey.mjs '{"page": URL, "film": ID, "chromium": PATH, "pictures": FOLDER}'
 */

import { asked, blocksOf, forgive, keep, open, run, survey, told } from './browser.mjs';

const SCREENS = { '/': 'films', [`/film/${asked.film}`]: 'film', '/audit': 'audit', '/me': 'me', '/nowhere': 'missing' };

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
  await keep(page, 'playing-1440-light');
  await page.locator('video').focus();
  await page.keyboard.press('k');

  await page.locator('input[name="stars"]').first().focus();
  await page.keyboard.press('9');
  await page.locator('.mine .num').waitFor();
  told.rated = await page.locator('.mine .value').textContent();
  await page.locator('.next .quiet').first().waitFor();
  told.next = await page.locator('.next li').allTextContents();
  await keep(page, 'rated-1440-light', true);
  await page.locator('.next .quiet').first().click();
  await page.locator('dialog[open] ol').waitFor();
  told.why = (await page.locator('dialog[open]').textContent()).replace(/\s+/g, ' ').trim();
  await keep(page, 'why-1440-light');
  await page.locator('dialog[open] ol .num').first().click();
  await page.locator('dialog[open] .verdict').waitFor();
  await keep(page, 'record-1440-light');
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

async function audit(context) {
  const page = await open(context);
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
  forgive(0);
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
  forgive(before);
  await page.close();
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  await play(context);
  await directPlay(context);
  await lie(context);
  await strangers(context);
  await audit(context);
  await context.close();
  await survey(browser, SCREENS);
});
