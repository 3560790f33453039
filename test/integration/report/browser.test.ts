import t from 'tap';
import { powerCut, recovered } from '../../unit/check/fixtures/reboot.ts';
import { Story } from '../../unit/check/fixtures/story.ts';
import { openReport, shown, startBrowser } from './fixtures/browser.ts';
import {
  injectMarkup,
  injectScript,
  listHas,
  listIsWhole,
  listLacks,
  looksLike,
  tipInPage,
} from './fixtures/in-page.js';
import { longHistory } from './fixtures/long-history.ts';

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

const browser = await startBrowser(t);

/** D12: bob gets alice's lock 10 ms after her node died. */
const theft = () => powerCut().lock(1010, 'bob').death(1050, 'n1', 'n2').end(3000).history;
/** Nothing wrong; two clients and two files. */
const quiet = () =>
  recovered()
    .lock(1550, 'bob', {}, 'GRACE')
    .lock(1700, 'bob', { file: 'g' })
    .unlock(1900, 'bob', { file: 'g' })
    .end(3000).history;

t.test(
  'a violation is there in words when the page opens: who held, who got it, what each node knew',
  async (t) => {
    const { page, complaints, requests } = await openReport(t, browser, theft());
    t.equal(await page.textContent('#verdict'), 'violation');
    const story = (await page.textContent('#story'))!;
    t.match(story, /no-theft/);
    t.match(story, /alice \(owner o\) had a write lock on \[0, 100\) of f at n1/);
    t.match(story, /bob \(owner o\) was granted a write lock on \[0, 100\) of f at n2/);
    const known = await page.locator('#story tbody tr').allInnerTexts();
    t.match(known[0], /^n1\s+1\s+\d+\s+down since 1\.000 s \(power-cut\)/);
    t.match(known[1], /^n2\s+1\s+\d+\s+no grace: grants new state/);
    t.strictSame(complaints, [], 'no errors and no warnings');
    t.strictSame(requests, [], 'the page needs nothing but itself');
  },
);

t.test(
  'zoom by button, key, wheel and drag changes what is drawn, and the whole run comes back',
  async (t) => {
    const { page } = await openReport(t, browser, quiet());
    const before = await shown(page);
    const length = ({ from, to }: { from: number; to: number }) => to - from;
    await page.click('#zoom-in');
    const nearer = await shown(page);
    t.equal(Math.round(length(before) / length(nearer)), 2);
    t.not(nearer.picture, before.picture);
    await page.focus('#timeline');
    await page.keyboard.press('ArrowRight');
    const moved = await shown(page);
    t.ok(moved.from > nearer.from, 'an arrow key moves');
    t.not(moved.picture, nearer.picture);
    await page.keyboard.press('-');
    t.ok(length(await shown(page)) > length(moved), 'minus zooms out');
    await page.hover('#lanes', { position: { x: 700, y: 150 } });
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    const wheeled = await shown(page);
    await page.mouse.down();
    await page.mouse.move(500, 300, { steps: 3 });
    await page.mouse.up();
    const dragged = await shown(page);
    t.not(dragged.from, wheeled.from, 'dragging moves');
    t.equal(Math.round(length(dragged)), Math.round(length(wheeled)));
    await page.hover('#overview', { position: { x: 500, y: 20 } });
    await page.mouse.down();
    await page.mouse.move(600, 120, { steps: 3 });
    await page.mouse.up();
    t.ok(length(await shown(page)) < length(before) / 3, 'a drag in the overview picks a stretch');
    await page.click('#zoom-all');
    t.strictSame(await shown(page), before);
  },
);

t.test('a filter by client or by file leaves out the others, in the lanes and in the list', async (t) => {
  const { page } = await openReport(t, browser, quiet());
  const all = await shown(page);
  await page.selectOption('#filter-client', 'bob');
  const bob = await shown(page);
  t.ok(bob.lanes < all.lanes && bob.chosen < all.chosen);
  t.ok(bob.drawn > 0 && bob.drawn < all.drawn);
  t.not(bob.picture, all.picture);
  await page.selectOption('#filter-file', 'g');
  const file = await shown(page);
  t.ok(file.drawn < bob.drawn);
  // The list follows when there is time: who is left out goes first, and then what.
  for (const word of ['alice', ' of f: ']) await page.waitForFunction(listLacks, word);
  const listed = (await page.textContent('#events'))!;
  t.match(listed, /bob\/o at n2: lock write \[0, 100\) of g: ok/);
  t.notMatch(listed, /alice| of f: /);
  await page.selectOption('#filter-client', '');
  await page.selectOption('#filter-file', '');
  t.strictSame(await shown(page), all);
});

t.test('a click on a piece of evidence, and the key n, go to where it happened', async (t) => {
  const { page } = await openReport(t, browser, theft());
  await page.click('#zoom-all');
  const before = await shown(page);
  const moments = page.locator('#story .pins .moment');
  const texts = await moments.allInnerTexts();
  const at = texts.indexOf('1.011 s');
  await moments.nth(at).click();
  const there = await shown(page);
  t.equal(there.cursor, 1_011_000, 'the answer to bob');
  t.ok(
    there.from < 1_011_000 && 1_011_000 < there.to && there.to - there.from < (before.to - before.from) / 3,
  );
  t.not(there.picture, before.picture);
  await page.focus('#timeline');
  await page.keyboard.press('p');
  t.equal((await shown(page)).cursor, Number.parseFloat(texts[at - 1]!) * 1e6);
  await page.click('#show-proof');
  const whole = await shown(page);
  t.ok(whole.from < 101_000 && whole.to > 1_011_000, 'all of the proof at once');
  // What a filter hides could not be seen.
  await page.selectOption('#filter-client', 'bob');
  await page.click('#proof-next');
  t.equal(await page.inputValue('#filter-client'), '');
});

t.test('hovering tells what is under the pointer', async (t) => {
  const { page } = await openReport(t, browser, theft());
  const seen = new Set<string>();
  const box = (await page.locator('#lanes').boundingBox())!;
  for (let y = 30; y < box.height; y += 9) {
    await page.mouse.move(box.x + 560, box.y + y);
    const tip = await page.evaluate(tipInPage);
    if (tip !== '') seen.add(tip);
  }
  const told = [...seen].join('\n');
  t.match(told, /n1, incarnation 1/);
  t.match(told, /alice\/o had a write lock on \[0, 100\) of f at n1, granted at/);
});

t.test('names and paths of users are text, whatever is in them', async (t) => {
  const evil = '<img src=x onerror="document.title=1">';
  const breaking = `</script><script>document.title='run'</script>`;
  const story = Story.quiet(['n1', '"><svg onload=document.title=2>'])
    .client(20, evil, 'n1')
    .lock(100, evil, { file: breaking, owner: '<b>owner</b>' })
    .lock(120, evil, { file: '<!--', value: `'"><iframe src="https://example.org/">` })
    .fault(1000, 'begin', breaking, 'n1')
    .end(2000);
  const { page, complaints, requests } = await openReport(t, browser, story.history);
  t.equal(await page.title(), 'reboot: unknown');
  t.equal(await page.locator('img, iframe, svg, b').count(), 0);
  await page.selectOption('#filter-client', evil);
  await page.waitForFunction(listHas, breaking);
  t.equal(await page.title(), 'reboot: unknown');
  t.strictSame([complaints, requests], [[], []]);
  // The second wall: markup that got in all the same may not run.
  await page.evaluate(injectMarkup, evil);
  await page.evaluate(injectScript, "document.title = 'injected'");
  t.equal(await page.title(), 'reboot: unknown');
});

t.test('a hundred thousand events open, and every one of them can be come by', async (t) => {
  const history = longHistory(100_000);
  const requests = history.filter((event) => event.kind === 'op' && event.phase === 'invoke').length;
  const { page, complaints, size } = await openReport(t, browser, history);
  t.ok(size < 3e6, `${size} characters`);
  const whole = await shown(page);
  t.equal(whole.chosen, requests);
  t.ok(whole.drawn > requests, 'counted in columns, all that is on the screen');
  await page.selectOption('#filter-client', 'c3');
  const one = await shown(page);
  t.ok(one.chosen < requests / 5);
  t.equal(one.drawn, 2 * one.chosen, 'each in the lane of its client and of its node');
  await page.focus('#timeline');
  for (let k = 0; k < 12; k += 1) await page.keyboard.press('+');
  const near = await shown(page);
  t.ok(near.drawn < one.drawn / 100);
  t.not(near.picture, one.picture);
  await page.waitForFunction(listIsWhole);
  t.strictSame(complaints, []);
});

t.test('ten events are all in the list, and the keys go from one to the next', async (t) => {
  const { page } = await openReport(t, browser, powerCut().history.slice(0, 10));
  await page.waitForFunction(listIsWhole);
  const rows = await page.locator('#events tr').count();
  t.ok(rows >= 7 && rows <= 10);
  await page.focus('#timeline');
  await page.keyboard.press('Shift+ArrowRight');
  const first = (await shown(page)).cursor!;
  await page.keyboard.press('Shift+ArrowRight');
  t.ok((await shown(page)).cursor! > first);
  t.match(await page.textContent('#spoken'), /^0\.\d+ s, /, 'and what it is is spoken');
});

t.test(
  'on the screen of a phone evidence has the width of the page, and nothing sticks out of it',
  async (t) => {
    const { page } = await openReport(t, browser, theft());
    await page.setViewportSize({ width: 390, height: 800 });
    const evidence = await page.locator('#checks td:last-child:not(:empty)').first().boundingBox();
    t.ok(evidence!.width > 300, `${evidence!.width} of 390 pixels`);
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
  },
);

t.test('a dark screen gets a dark page', async (t) => {
  const light = await openReport(t, browser, quiet());
  const dark = await openReport(t, browser, quiet(), { colorScheme: 'dark' });
  t.not((await shown(light.page)).picture, (await shown(dark.page)).picture);
  await light.page.emulateMedia({ colorScheme: 'dark' });
  const { picture } = await shown(dark.page);
  // Also one that turns dark while it is open.
  await light.page.waitForFunction(looksLike, picture);
});
