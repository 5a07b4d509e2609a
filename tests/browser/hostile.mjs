/**
 * A node that lies, stalls, or is not the one that answers: the page stays usable and says what happened, and what the
 * next step is. Prints one line of JSON.
 *
 * usage: node hostile.mjs '{"page": URL, "film": ID, "chromium": PATH, "pictures": FOLDER}'
 */

import { asked, forgive, inspect, keep, open, run, told } from './browser.mjs';

const FILM = `/film/${asked.film}`;
const TURNED = { status: 200, contentType: 'text/html', body: '<!doctype html><h1>Welcome to your hotel</h1>' };

const turn = (route) => route.fulfill(TURNED);
const stall = () => undefined;
const hold = (route) => setTimeout(() => route.continue().catch(() => undefined), 300);

async function flip(route) {
  const response = await route.fetch();
  const body = Buffer.from(await response.body());
  body[body.length >> 1] ^= 1;
  await route.fulfill({ response, body });
}

/** What the page says under a fault of all answers that `pattern` takes; without the fault it goes on. */
async function under(browser, name, pattern, fault, path, act) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  await context.route(pattern, fault);
  const page = await open(context);
  const before = told.complaints.length;
  await page.goto(asked.page + path);
  told[name] = (await act(page)).replace(/\s+/g, ' ').trim();
  await inspect(page, name);
  await keep(page, `hostile-${name}-1440-light`);
  forgive(before);
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  const link = page.locator(`a[href="${FILM}"]`).first();
  const again = page.getByRole('button', { name: 'Ask again' }).first();
  if (path !== '/') await page.locator('header a[href="/"]').first().click();
  await again.or(link).first().waitFor();
  // What was held up may have come meanwhile.
  if (await again.isVisible()) await again.click({ timeout: 1_000 }).catch(() => undefined);
  await link.waitFor();
  await context.close();
}

const alertOf = (page) => page.locator('main [role="alert"]').first().textContent();

async function played(page) {
  await page.locator('.begin').click();
  await page.locator('.word p').waitFor();
  return page.locator('.word p').textContent();
}

/** Every block comes late: the film plays all the same. */
async function late(page) {
  await page.locator('.begin').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 1);
  return 'plays';
}

/** Words with a count after a second, a way out after ten. */
async function waited(page) {
  await page.getByRole('button', { name: 'Ask again' }).first().waitFor();
  return page.locator('main').textContent();
}

await run(async (browser) => {
  await under(browser, 'turnedFilms', '**/api/films?*', turn, '/', alertOf);
  await under(browser, 'turnedFilm', `**/api/films/${asked.film}`, turn, FILM, alertOf);
  await under(browser, 'turnedRecords', '**/api/films/*/records', turn, FILM, alertOf);
  await under(browser, 'turnedBlocks', '**/ipfs/**', turn, FILM, played);
  await under(browser, 'flippedRecords', '**/api/films/*/records', flip, FILM, alertOf);
  await under(browser, 'stalled', '**/api/films?*', stall, '/', waited);
  await under(browser, 'late', '**/ipfs/**', hold, FILM, late);
});
