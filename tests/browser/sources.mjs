/**
 * A film whose page's own node lies about its blocks, and one whose node does not answer in time: it plays from the public
 * gateway of another host, and the page says so. Prints one line of JSON.
 *
 * usage: node sources.mjs '{"page": URL, "gateway": URL, "film": ID, "chromium": PATH, "pictures": FOLDER}'
 */

import { asked, forgive, inspect, keepWide, open, run, told } from './browser.mjs';

async function play(browser, name, fault) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB' });
  await context.route(`${asked.page}/ipfs/**`, fault);
  const page = await open(context);
  const before = told.complaints.length;
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('button.version').first().waitFor();
  await page.locator('.begin').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 1);
  const frames = await page.locator('video').evaluate((element) => element.getVideoPlaybackQuality().totalVideoFrames);
  const said = await page.locator('.left').allTextContents();
  await inspect(page, name);
  await keepWide(page, `source-${name}`);
  if (name === 'slow') forgive(before);
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await context.close();
  return { frames, said: said.map((text) => text.trim()) };
}

await run(async (browser) => {
  told.lied = await play(browser, 'lied', async (route) => {
    const response = await route.fetch();
    const body = Buffer.from(await response.body());
    if (body.length > 8_000) body[body.length >> 1] ^= 1;
    await route.fulfill({ response, body });
  });
  told.slow = await play(browser, 'slow', () => undefined);
});
