/**
 * A viewer's way through the page of a real node, in Chromium: finds a film, plays it, rates it, sees why.
 * Prints one line of JSON: what was seen, and all that a page must not do.
 *
 * usage: node journey.mjs '{"page": URL, "film": ID, "other": ID, "chromium": PATH, "pictures": FOLDER}'
 */

import { asked, blocksOf, forgive, inspect, keep, open, run, survey, told } from './browser.mjs';

const SCREENS = { '/': 'films', [`/film/${asked.film}`]: 'film', '/search/lihgt': 'search', '/audit': 'audit', '/me': 'me', '/nowhere': 'missing' };

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
  told.proof = (await page.locator('span.proof').textContent()).trim();
  told.blocksAfter = blocks.size;
  await keep(page, 'playing-1440-light');
  await page.locator('video').focus();
  await page.keyboard.press('k');

  // Nobody signs before the person has said who does; then the rating that waited is signed.
  await page.locator('input[name="stars"]').first().focus();
  await page.keyboard.press('9');
  await page.locator('.ask').waitFor();
  told.asked = (await page.locator('.ask .btn').allTextContents()).map((text) => text.trim());
  await inspect(page, 'asked who signs');
  await keep(page, 'asked-1440-light', true);
  await page.locator('.ask .btn.primary').focus();
  await page.keyboard.press('Enter');
  await page.locator('.mine .num').waitFor();
  told.signed = (await page.locator('.mine .under span').first().textContent()).replace(/\s+/g, ' ').trim();
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

  await page.locator('.mine .num').click();
  await page.locator('dialog[open] .verdict').waitFor();
  told.record = await page.locator('dialog[open] dd').last().textContent();
  await page.keyboard.press('Escape');

  // Every number opens to its records.
  await page.locator('.score .num').first().click();
  await page.locator('dialog[open] ol li').first().waitFor();
  told.behind = (await page.locator('dialog[open] .verdict').textContent()).trim();
  told.ratings = await page.locator('dialog[open] ol li').count();
  await inspect(page, 'ratings opened');
  await keep(page, 'ratings-1440-light');
  await page.keyboard.press('Escape');
  await page.locator('dialog').first().waitFor({ state: 'detached' });

  // By pointer, and the newest rating counts; then it is undone.
  told.ratedAgain = await answered(page, () => page.locator('input[name="stars"][value="7"]').click());
  await page.getByRole('button', { name: 'Undo: back to 9' }).waitFor();
  await answered(page, () => page.getByRole('button', { name: 'Undo: back to 9' }).click());
  told.undone = await page.locator('.mine .value').textContent();
  await page.close();
}

/** Writes a review that tells the plot, answers it, sees it through the veil, and takes the answer back. */
async function write(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/film/${asked.film}`);
  const band = page.locator('section:has(#reviews)');
  told.unwritten = (await band.locator('li').first().textContent()).trim();
  await band.getByRole('button', { name: 'Write a review' }).click();
  await band.locator('textarea').fill('The bar was the clock.\nAll along.');
  await band.getByLabel('It tells the plot').check();
  await inspect(page, 'a review is written');
  await keep(page, 'review-writing-1440-light', true);
  await band.getByRole('button', { name: 'Sign and publish' }).click();
  await band.locator('.veil').waitFor();
  await band.locator('.veil button').click();
  told.written = await band.locator('.written').textContent();
  told.writtenStars = await band.locator('.stars').textContent();
  await band.getByRole('button', { name: 'Answer' }).click();
  await band.locator('textarea').fill('So I say.');
  await band.getByRole('button', { name: 'Sign and publish' }).click();
  await band.locator('.reply .written').waitFor();
  told.answer = await band.locator('.reply .written').textContent();
  await inspect(page, 'a review is read');
  await keep(page, 'review-1440-light', true);
  await band.locator('.reply').getByRole('button', { name: 'Take back' }).click();
  await band.locator('.reply').waitFor({ state: 'detached' });
  told.reviews = (await band.locator('header .aside').textContent()).trim();
  await page.close();
}

/** What the node said to a record that `act` sent. */
async function answered(page, act) {
  const [response] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/api/records')), act()]);
  return response.json();
}

/** Two tabs rate at once: the key signs one after the other. */
async function twoTabs(context) {
  const tabs = [await open(context), await open(context)];
  for (const page of tabs) {
    await page.goto(`${asked.page}/film/${asked.film}`);
    await page.locator('input[name="stars"]').first().waitFor({ state: 'attached' });
  }
  told.tabs = await Promise.all(tabs.map((page, at) => answered(page, () => page.locator(`input[name="stars"][value="${2 * at + 8}"]`).click())));
  await tabs[0].goto(`${asked.page}/me`);
  await tabs[0].locator('#signer').waitFor();
  await tabs[0].locator('section:has(#signer) dd.edge').waitFor();
  told.device = await tabs[0].locator('section:has(#signer) dd.edge').textContent();
  for (const page of tabs) await page.close();
}

/** A browser that keeps nothing for the page: the node signs, and the page says so. */
async function denied(browser) {
  const context = await browser.newContext({ viewport: { width: 834, height: 1040 }, locale: 'en-GB' });
  await context.addInitScript(() => {
    const deny = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    for (const name of ['indexedDB', 'localStorage']) Object.defineProperty(globalThis, name, { get: deny });
  });
  const page = await open(context);
  await page.goto(`${asked.page}/film/${asked.other}`);
  await page.locator('input[name="stars"][value="8"]').click();
  await page.locator('.mine .num').waitFor();
  told.denied = (await page.locator('.mine .under span').first().textContent()).replace(/\s+/g, ' ').trim();
  await context.close();
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

/** What was begun goes on where it was left, and stands on the films' page until it is forgotten. */
async function goOn(context) {
  const page = await open(context);
  await page.goto(asked.page + '/');
  await page.evaluate(async (film) => {
    const [version] = (await (await fetch(`/api/films/${film}`)).json()).versions;
    localStorage.setItem('watching', JSON.stringify([{ film, root: version.root, at: 5.5, whole: 8, time: Date.now() }]));
  }, asked.film);
  await page.reload();
  const row = page.locator('section:has(#continued)');
  told.continued = (await row.locator('li .meta').last().textContent()).trim();
  await inspect(page, 'something is continued');
  await keep(page, 'continue-1440-light', true);
  await row.locator('a').first().click();
  await page.locator('.begin', { hasText: 'Go on' }).waitFor();
  told.goOn = (await page.locator('.begin').textContent()).replace(/\s+/g, ' ').trim();
  await page.locator('.begin').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 6);
  await page.locator('video').focus();
  await page.keyboard.press('>');
  told.speed = await page.locator('video').evaluate((element) => element.playbackRate);
  await page.keyboard.press('1');
  told.tenth = await page.locator('video').evaluate((element) => element.currentTime);
  await page.goto(asked.page + '/');
  await page.close();
}

async function audit(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/audit`);
  await page.getByRole('button', { name: 'Gather' }).click();
  const link = page.locator('a[download$=".audit.car"]');
  await link.waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  told.bundle = download.suggestedFilename();
  await page.close();
}

/** Finds a film by what is typed, a slip of the finger included; the way to it stays in the address. */
async function search(context) {
  const page = await open(context);
  await page.goto(asked.page + '/');
  await page.locator('header a[href="/search"]').click();
  await page.locator('#words').fill('second lihgt');
  await page.locator('ul.grid h3').first().waitFor();
  told.searched = await page.locator('ul.grid h3').allTextContents();
  told.meant = (await page.locator('section .hint').first().textContent()).trim();
  told.searchPath = new URL(page.url()).pathname;
  await page.locator('#words').fill('qqqqqq');
  await page.locator('section .people').waitFor();
  told.unfound = (await page.locator('section .people').textContent()).trim();
  await page.locator('#words').fill('');
  await page.locator('form summary').click();
  const [from, , minutes] = await page.locator('details input.field').all();
  await from.fill('84');
  told.wrongYear = (await page.locator('details .wrong').textContent()).trim();
  await from.fill('');
  await minutes.fill('100');
  await page.locator('ul.grid h3').first().waitFor();
  told.filtered = (await page.locator('ul.grid h3').allTextContents()).length;
  told.filterSearch = new URL(page.url()).search;
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
  await context.unrouteAll({ behavior: 'ignoreErrors' });

  // A block that does not come is another matter: it may come later, and then the film goes on.
  const before = told.complaints.length;
  await context.route('**/ipfs/**', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.begin').click();
  await word.locator('button').waitFor();
  told.lost = (await word.textContent()).trim();
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await word.locator('button').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 0.5);
  told.isFound = true;
  forgive(before);
  await page.close();
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  await play(context);
  await write(context);
  await twoTabs(context);
  await denied(browser);
  await directPlay(context);
  await lie(context);
  await search(context);
  await goOn(context);
  await strangers(context);
  await audit(context);
  await context.close();
  await survey(browser, SCREENS);
});
