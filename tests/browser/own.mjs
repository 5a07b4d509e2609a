/** An author of the page's own, in the light client: made, admitting a second browser, ending it, carried away; then a child's profile. */

import { asked, forgive, inspect, keep, open, run, told } from './browser.mjs';

const PASSPHRASE = 'a tin of old buttons';

/** Makes an author with a wrong answer on the way; returns its words. */
async function make(page) {
  await page.getByRole('button', { name: 'Make an author' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.locator('ol.words li').nth(23).waitFor();
  const words = await sheet.locator('ol.words li').allTextContents();
  await inspect(page, 'words');
  await keep(page, 'own-words');
  await sheet.getByRole('button', { name: 'They are on paper' }).click();
  const fields = sheet.getByLabel(/^Word \d+$/);
  const places = (await sheet.locator('.labelled span').allTextContents()).map((text) => Number(text.replace(/\D/g, '')));
  for (const [n, place] of places.entries()) await fields.nth(n).fill(n === 1 ? 'oops' : words[place - 1]);
  await sheet.getByRole('button', { name: 'Check' }).click();
  told.wrong = (await sheet.getByRole('alert').first().textContent()) === `Word ${places[1]} is another one. Look at your paper, or have the words shown again.`;
  await fields.nth(1).fill(words[places[1] - 1]);
  await sheet.getByRole('button', { name: 'Check' }).click();
  await sheet.getByLabel('A passphrase for it').fill(PASSPHRASE);
  await sheet.getByLabel('The same again').fill(PASSPHRASE);
  await sheet.getByRole('button', { name: 'Make an author' }).click();
  await sheet.getByText('Your author stands.').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), sheet.getByRole('link', { name: 'Take the encrypted file' }).click()]);
  await download.saveAs(asked.file);
  await sheet.locator('.acts').getByRole('button', { name: 'Close' }).click();
  told.author = await page.locator('.panel .id').textContent();
  return words;
}

async function rate(page, stars) {
  await page.goto(`${asked.page}/film/${encodeURIComponent(asked.film)}`);
  await page.locator(`input[name="stars"][value="${stars}"]`).click({ force: true });
}

async function signed(page, stars) {
  await rate(page, stars);
  await page.getByText(/Signed in this page/).waitFor();
}

/** A passkey without hands, as the browser's own tools give one. */
async function authenticator(context, page) {
  const tools = await context.newCDPSession(page);
  await tools.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, hasPrf: true, isUserVerified: true, automaticPresenceSimulation: true };
  await tools.send('WebAuthn.addVirtualAuthenticator', { options });
}

async function second(browser, page) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const other = await open(context);
  await other.goto(`${asked.page}/me`);
  await other.getByRole('button', { name: 'Make this a second device' }).click();
  const shown = other.getByRole('dialog');
  const text = await shown.locator('.code .edge').textContent();
  told.code = text;
  const words = await shown.locator('.spoken').textContent();
  await inspect(other, 'device-390');
  await keep(other, 'own-device-390');
  await page.goto(`${asked.page}/me`);
  await page.getByRole('button', { name: 'Admit another device' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Or paste the code of the new device').fill('something else');
  await sheet.getByRole('button', { name: 'Go on' }).click();
  told.unread = await sheet.getByRole('alert').first().textContent();
  await sheet.getByLabel('Or paste the code of the new device').fill(text);
  await sheet.getByRole('button', { name: 'Go on' }).click();
  told.sameWords = (await sheet.locator('.spoken').textContent()) === words;
  await sheet.getByRole('button', { name: 'Use the passkey' }).click();
  await sheet.getByText('is admitted.').waitFor();
  const back = await sheet.locator('.code .edge').textContent();
  await inspect(page, 'admitted');
  await sheet.locator('.acts').last().getByRole('button', { name: 'Close' }).click();
  await shown.getByLabel('Or paste the author’s code from the other device').fill(back);
  await shown.getByRole('button', { name: 'Go on' }).click();
  await shown.getByRole('button', { name: 'That is me' }).click();
  await shown.getByText('This browser is a device of your author now.').waitFor();
  await signed(other, 7);
  return other;
}

async function revoke(page) {
  await page.goto(`${asked.page}/me`);
  await page.getByRole('button', { name: /^Revoke page in/ }).click();
  const sheet = page.getByRole('dialog');
  told.consequence = await sheet.locator('p').nth(1).textContent();
  await sheet.getByLabel('Passphrase').fill('another one entirely');
  await sheet.getByRole('button', { name: 'Revoke it for good' }).click();
  await sheet.getByText('Found a passphrase that does not open it').waitFor();
  told.locked = true;
  await sheet.getByLabel('Passphrase').fill(PASSPHRASE);
  await sheet.getByRole('button', { name: 'Revoke it for good' }).click();
  await page.getByText('revoked').waitFor();
}

async function child(browser) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await open(context);
  await page.goto(`${asked.page}/me`);
  await page.getByRole('button', { name: 'Set one up' }).click();
  await page.getByLabel('PIN to leave it (4 to 8 digits)').fill('2468');
  await page.getByLabel('The same PIN again').fill('2468');
  await inspect(page, 'child-form');
  await page.getByRole('button', { name: 'Begin the child profile' }).click();
  await page.getByText('No film here keeps the rules').waitFor();
  await page.goto(`${asked.page}/film/${encodeURIComponent(asked.film)}`);
  told.barred = await page.locator('.gate .people').textContent();
  await inspect(page, 'child-390');
  await keep(page, 'child-390');
  await page.goto(`${asked.page}/me`);
  await page.getByLabel('PIN').fill('1111');
  await page.getByRole('button', { name: 'Leave it' }).click();
  await page.getByText('That is another PIN.').waitFor();
  told.tried = (await page.locator('.gate [role=status]').textContent()).trim();
  await page.getByLabel('PIN').fill('2468');
  await page.getByRole('button', { name: 'Leave it' }).click();
  await page.getByRole('heading', { name: 'Who signs on this page' }).waitFor();
  await context.close();
}

run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, acceptDownloads: true });
  const page = await open(context);
  await authenticator(context, page);
  await page.goto(`${asked.page}/me`);
  told.light = await page.locator('.panel .people').textContent();
  told.words = (await make(page)).join(' ');
  await inspect(page, 'own');
  await keep(page, 'own-1440', true);
  await signed(page, 9);
  const [list] = await Promise.all([page.waitForResponse((answer) => answer.url().includes('/api/recommendations')), page.goto(`${asked.page}/`)]);
  told.listOf = (await list.json()).author;
  await page.goto(`${asked.page}/me`);
  await page.getByRole('button', { name: 'Open by a passkey too' }).click();
  await page.getByRole('dialog').getByLabel('Passphrase').fill(PASSPHRASE);
  await page.getByRole('dialog').getByRole('button', { name: 'Open by a passkey too' }).click();
  await page.getByText('A passkey of this device opens the words too.').waitFor();
  const other = await second(browser, page);
  await revoke(page);
  await rate(other, 8);
  told.ended = await other.locator('.ask .title').textContent();
  await other.goto(`${asked.page}/me`);
  await other.getByRole('button', { name: 'Bring your author here' }).click();
  const sheet = other.getByRole('dialog');
  await sheet.getByLabel('By the encrypted file').check();
  await sheet.getByLabel('The file', { exact: true }).setInputFiles(asked.file);
  await sheet.getByLabel('Passphrase').fill(PASSPHRASE);
  await sheet.getByRole('button', { name: 'Bring your author here' }).click();
  await sheet.getByText('This browser is another device of your author now.').waitFor();
  told.brought = await sheet.locator('.edge').textContent();
  await sheet.locator('.acts').getByRole('button', { name: 'Close' }).click();
  await signed(other, 8);
  const chinese = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN' });
  const third = await open(chinese);
  await third.goto(`${asked.page}/me`);
  await third.getByRole('button', { name: '让这里成为第二台设备' }).click();
  await third.getByRole('dialog').locator('.code svg').waitFor();
  await inspect(third, 'device-zh-390');
  await keep(third, 'own-device-390-zh');
  await chinese.close();
  // A browser writes every answer down that is no: that this key is not admitted yet, asked again and again.
  forgive(0, '/api/devices/');
  await child(browser);
});
