/**
 * A licensed film on a licensee's own page: refused where the licence does not run, opened where it does, and played from
 * blocks that were verified first and decrypted then. Prints one line of JSON.
 *
 * usage: node licensed.mjs '{"page": URL, "film": ID, "chromium": PATH, "pictures": FOLDER}'
 */

import { asked, forgive, inspect, keep, open, run, told } from './browser.mjs';

async function locked(context) {
  const page = await open(context);
  const bodies = [];
  page.on('response', async (response) => {
    if (response.url().includes('/key')) bodies.push(await response.text().catch(() => ''));
  });
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.instead').waitFor();
  told.said = (await page.locator('.instead').textContent()).trim();
  told.unplaced = await page.locator('.instead .primary').isDisabled();
  const before = told.complaints.length;
  await page.locator('.instead select').selectOption('FR');
  await page.locator('.instead .primary').click();
  await page.locator('.instead .said.fail').waitFor();
  told.refused = (await page.locator('.instead .said.fail').textContent()).trim();
  forgive(before);
  await inspect(page, 'locked');
  await keep(page, 'licensed-locked-1440-light');
  await page.locator('.instead select').selectOption('DE');
  await page.locator('.instead .primary').click();
  await page.locator('.begin').waitFor();
  told.opened = (await page.locator('.opened').textContent()).trim();
  await page.locator('.begin').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 1);
  told.frames = await page.locator('video').evaluate((element) => element.getVideoPlaybackQuality().totalVideoFrames);
  await page.locator('video').evaluate((element) => element.pause());
  await inspect(page, 'opened');
  await keep(page, 'licensed-opened-1440-light');
  told.kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  told.bodies = bodies;
  told.urls = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));
}

async function again(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.instead').waitFor();
  told.again = await page.locator('.instead .primary').isEnabled();
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  await locked(context);
  await again(context);
  const narrow = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN' });
  const page = await open(narrow);
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.instead').waitFor();
  await inspect(page, 'locked-390-zh');
  await keep(page, 'licensed-locked-390-zh');
});
