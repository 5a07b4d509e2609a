/** A film in a frame on another site: proved, played from checked blocks, small, and powerless over its node. */

import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { asked, inspect, keep, run, told } from './browser.mjs';

const PATIENCE_MS = 30_000;

run(async (browser) => {
  const cards = await Promise.all(
    [asked.page, asked.open].map(async (base) => (await fetch(`${base}/oembed?url=${encodeURIComponent(`${base}/embed/${asked.film}`)}&maxwidth=480`)).json()),
  );
  told.cards = cards;
  const site = createServer((request, response) => {
    const place = Number(request.url.slice(1)) || 0;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>Another site</title><main><h1>Another site</h1>${cards[place].html}</main></html>`);
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  told.films = [];
  try {
    for (const place of [0, 1]) {
      const context = await browser.newContext({ viewport: { width: 640, height: 480 } });
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.complaints.push(message.text()));
      const programs = [];
      page.on('response', (response) => /\/(assets|embed)\//.test(response.url()) && programs.push(response.body().then((body) => gzipSync(body).length, () => 0)));
      await page.goto(`http://127.0.0.1:${site.address().port}/${place}`);
      const frame = page.frameLocator('iframe');
      await frame.getByRole('button', { name: 'Play' }).click();
      await frame.getByText('blocks checked').waitFor();
      const inside = page.frames()[1];
      await inside.waitForFunction(() => document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 0);
      await inside.evaluate(() => (document.querySelector('video').currentTime = 6));
      await inside.waitForFunction(() => document.querySelector('video').currentTime > 6.2);
      if (place === 0) await inspect(page, 'embed');
      if (place === 0) await keep(page, 'embed-640');
      told.films.push({
        name: await frame.locator('h1').textContent(),
        said: await frame.locator('header p').innerText(),
        link: await frame.locator('header a').count(),
        bytes: (await Promise.all(programs)).reduce((sum, one) => sum + one, 0),
        cookies: (await context.cookies()).length,
        ended: await inside.evaluate(() => new Promise((resolve) => (document.querySelector('video').ended ? resolve(true) : document.querySelector('video').addEventListener('ended', () => resolve(true))))),
      });
      await context.close();
    }
  } finally {
    site.close();
  }
});
