/**
 * Two people at two nodes: a film of both, signed on each machine, offered, bought, drawn from and disputed on the pages.
 *
 * usage: node rights.mjs '{"page": URL, "others": [URL], "chromium": PATH, "pictures": FOLDER, "film": ID, "partner": 0x…}'
 */

import { asked, forgive, inspect, keep, open, run, told } from './browser.mjs';

const EVIDENCE = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
const [there] = asked.others;
const text = async (place) => (await place.textContent()).replace(/\s+/g, ' ').trim();

/** Presses an act's button, keeps its sentence, signs, and keeps what was done, there or in `end`. */
async function act(place, name, label, end = place) {
  await place.getByRole('button', { name: label }).click();
  const asks = place.locator('.asks');
  await asks.waitFor();
  told[`${name}.asks`] = await text(asks.locator('.people'));
  told[`${name}.cost`] = await text(asks.locator('.hint'));
  await asks.getByRole('button', { name: 'Sign and send' }).click();
  const said = end.locator('.said.pass', { hasText: 'Done: ' }).first();
  await said.waitFor({ timeout: 90_000 });
  told[name] = await text(said);
}

async function chooseFilm(page) {
  await page.goto(`${asked.page}/studio`);
  const desk = page.locator('section[aria-labelledby="desk"]');
  await desk.locator('option', { hasText: 'Tin' }).waitFor({ state: 'attached' });
  await desk.getByLabel('Film', { exact: true }).selectOption(asked.film);
  return desk;
}

/** The creator writes the deed; bad input first. */
async function propose(page) {
  const desk = await chooseFilm(page);
  await desk.getByRole('button', { name: 'Add a co-owner' }).click();
  await desk.getByLabel('Co-owner 1: ledger').fill('0xab');
  await desk.getByLabel('Percent').fill('100.01');
  await desk.getByRole('button', { name: 'Write the deed' }).click();
  told.odd = await desk.locator('.wrong').allTextContents();
  await desk.getByLabel('Co-owner 1: ledger').fill(asked.partner);
  await desk.getByLabel('Percent').fill('30');
  await desk.getByRole('button', { name: 'Write the deed' }).click();
  await desk.locator('.owners').waitFor();
  told.deed = await text(desk.locator('.desk .people'));
  told.before = await desk.locator('.owners .meta').allTextContents();
  await inspect(page, 'deed');
  await keep(page, 'rights-deed-1440', true);
  return (await desk.locator('details .edge').first().textContent()).trim();
}

/** The co-owner follows the link on a page of their own, signs, and hands it back. */
async function agree(page, link) {
  await page.goto(`${there}/studio${new URL(link).hash}`);
  const desk = page.locator('.desk');
  await desk.getByRole('button', { name: 'Agree and sign' }).waitFor();
  told.read = await text(desk.locator('.people'));
  await desk.getByLabel('The same deed with another').fill('no deed at all');
  await desk.getByRole('button', { name: 'Read it' }).click();
  told.nodeed = await text(desk.locator('.said'));
  await desk.getByRole('button', { name: 'Agree and sign' }).click();
  await desk.locator('.said', { hasText: 'Signed.' }).waitFor();
  await desk.getByText('not signed yet').waitFor({ state: 'detached' });
  told.after = await desk.locator('.owners .meta').allTextContents();
  return (await desk.locator('details .edge').first().textContent()).trim();
}

async function carry(page, link) {
  const desk = page.locator('section[aria-labelledby="desk"]');
  await desk.getByLabel('The same deed with another').fill(link);
  await desk.getByRole('button', { name: 'Read it' }).click();
  await act(desk.locator('.desk .act'), 'register', 'Carry it to the ledger', desk);
}

async function offer(page) {
  const desk = await chooseFilm(page);
  const offers = desk.locator('section[aria-labelledby="desk-offers"]');
  await offers.getByText('A new offer').click();
  await offers.getByRole('button', { name: 'Say it in one sentence' }).click();
  told.unpriced = await text(offers.locator('.wrong').first());
  await offers.getByLabel('Price', { exact: true }).fill('5000');
  await offers.getByLabel('Find a country').fill('FR');
  await offers.locator('.list').getByLabel('France').check();
  await offers.getByLabel('Exclusive').check();
  await offers.getByLabel('May be shown until').fill('2035-12-31');
  await offers.getByRole('button', { name: 'Say it in one sentence' }).click();
  await offers.locator('.asks').waitFor();
  told.said = await text(offers.locator('.asks .people'));
  await inspect(page, 'offer');
  await keep(page, 'rights-offer-1440', true);
  await offers.getByRole('button', { name: 'Sign the offer' }).click();
  await offers.locator('.said.pass').waitFor();
  const made = offers.locator('ul > li', { hasText: 'open ·' }).first();
  told.signed = await text(made.locator('.people'));
  told.offered = await text(offers.locator('ul > li', { hasText: 'open ·' }).first());
}

/** The buyer says where they are, reads the offer, and buys. */
async function buy(page) {
  const film = `${there}/film/${asked.film}`;
  for (let tries = 0; ; tries++) {
    await page.goto(film);
    const open = page.getByRole('button', { name: 'Buy for 5,000 units' });
    if (await open.waitFor({ timeout: 5_000 }).then(() => true, () => false)) break;
    if (tries === 12) throw new Error('the offer never came');
  }
  const rights = page.locator('section[aria-labelledby="rights"]');
  await rights.getByLabel('Where you are').selectOption('FR');
  await inspect(page, 'rights');
  await keep(page, 'rights-film-1440', true);
  await act(rights.locator('ul > li .act').first(), 'buy', 'Buy for 5,000 units', rights);
  await rights.getByText('sold out').or(rights.getByText('1 of 1,000 sold')).first().waitFor();
  await page.goto(film);
  await rights.locator('.said', { hasText: 'licensed until' }).waitFor({ timeout: 60_000 });
  told.licensed = await text(rights.locator('.said.pass').first());
  told.screen = await page.locator('h2', { hasText: 'may not be shown' }).count();
}

/** To anybody else in that country the film is closed now, and the page says by which entry. */
async function barred(page) {
  const before = told.complaints.length;
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('section[aria-labelledby="rights"]').getByLabel('Where you are').selectOption('FR');
  // Its creator controls the title; a stranger's page asks without an account.
  const found = await page.request.get(`${asked.page}/api/films/${asked.film}/showing?territory=FR&medium=streaming`);
  told.stranger = await found.json();
  await page.route('**/showing?*', (route) => route.fulfill({ json: told.stranger }));
  await page.reload();
  await page.locator('h2', { hasText: 'may not be shown' }).waitFor();
  await page.locator('h1.film-name').waitFor();
  told.barred = await text(page.locator('.instead'));
  await inspect(page, 'barred');
  await keep(page, 'rights-barred-1440');
  const instead = page.locator('.instead');
  await instead.getByRole('button', { name: 'Check it here' }).click();
  await instead.getByText('Checked in this browser').waitFor({ timeout: 60_000 });
  told.checked = await text(instead.locator('.why'));
  await page.unroute('**/showing?*');
  forgive(before);
}

async function earn(page) {
  const desk = await chooseFilm(page);
  const earnings = desk.locator('section[aria-labelledby="desk-earnings"]');
  await earnings.locator('tbody tr').first().waitFor();
  told.rows = await earnings.locator('tbody td').allTextContents();
  told.csv = decodeURIComponent((await earnings.getByText('Statement as CSV').getAttribute('href')).split(',').slice(1).join(','));
  await act(earnings.locator('.act'), 'withdraw', 'Draw 3500 units', desk);
  const shares = desk.locator('section[aria-labelledby="desk-shares"]');
  await shares.getByLabel('To the ledger address').fill(asked.partner);
  await shares.getByLabel('Percent').fill('80');
  await shares.getByRole('button', { name: 'Give them' }).click();
  told.toomuch = await text(shares.locator('.wrong').first());
  await keep(page, 'rights-desk-1440', true);
}

/** What the ledger has not executed stands on the desk, to be sent again or dropped; the node's answers are made up. */
async function stuck(page) {
  const one = { tx: `0x${'1f'.repeat(32)}`, nonce: 5, state: 'waiting', block: null };
  const answers = { list: [one], asked: [] };
  await page.route('**/api/transactions', (route) => route.fulfill({ json: answers.list }));
  await page.route('**/api/transactions/*', (route) => {
    answers.asked.push(route.request().method());
    const is_dropped = route.request().method() === 'DELETE';
    if (is_dropped) answers.list = [];
    return route.fulfill({ json: is_dropped ? { ...one, state: 'replaced', block: 9 } : { ...one, tx: `0x${'2f'.repeat(32)}` } });
  });
  await page.goto(`${asked.page}/studio`);
  const desk = page.locator('.stuck');
  await desk.getByText('has not executed it').waitFor();
  told.stuck = await text(desk.locator('li').first());
  await inspect(page, 'stuck');
  await keep(page, 'rights-stuck-1440');
  await desk.getByRole('button', { name: 'Send again' }).click();
  await desk.getByRole('button', { name: 'Drop it' }).click();
  await desk.getByText('Nothing of transaction 5 happened').waitFor();
  told.dropped = [answers.asked, await desk.getByRole('button').count()];
  await page.unroute('**/api/transactions');
  await page.unroute('**/api/transactions/*');
}

async function dispute(page) {
  await page.goto(`${there}/film/${asked.film}`);
  const rights = page.locator('section[aria-labelledby="rights"]');
  await rights.getByText('Open a notice').click();
  await rights.getByRole('button', { name: 'Open the notice' }).click();
  told.noproof = await text(rights.locator('.wrong').first());
  await rights.getByLabel('Evidence, by its CID').fill(EVIDENCE);
  await act(rights.locator('details', { hasText: 'A notice freezes' }).locator('.act'), 'notice', 'Open the notice');
  await rights.getByText('Case 0').waitFor();
  told.dispute = await text(rights.locator('.case'));
}

/** What stands on both pages in Chinese on a phone fits, and axe finds nothing. */
async function small(browser) {
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, locale: 'zh-CN', colorScheme: 'dark' });
  const page = await open(context);
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('section[aria-labelledby="rights"] .bar').waitFor();
  await inspect(page, 'rights-320-zh');
  await keep(page, 'rights-film-320-zh', true);
  await page.goto(`${asked.page}/studio`);
  const desk = page.locator('section[aria-labelledby="desk"]');
  await desk.locator('option', { hasText: 'Tin' }).waitFor({ state: 'attached' });
  await desk.locator('select').first().selectOption(asked.film);
  await desk.locator('tbody tr').first().waitFor();
  await desk.locator('section[aria-labelledby="desk-offers"] summary').last().click();
  await inspect(page, 'studio-320-zh');
  await keep(page, 'rights-studio-320-zh', true);
  await context.close();
}

await run(async (browser) => {
  const settings = { viewport: { width: 1440, height: 1040 }, locale: 'en-GB', colorScheme: 'light' };
  const [mine, theirs] = [await browser.newContext(settings), await browser.newContext(settings)];
  const [creator, partner] = [await open(mine), await open(theirs)];
  const link = await propose(creator);
  await carry(creator, await agree(partner, link));
  await offer(creator);
  await buy(partner);
  await barred(creator);
  await earn(creator);
  await stuck(creator);
  await dispute(partner);
  await small(browser);
  await mine.close();
  await theirs.close();
});
