import t from 'tap';
import { judge } from '../../../src/check/judge.ts';
import { type Drawing, drawingOf } from '../../../src/report/drawing.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { powerCut, recovered } from '../check/fixtures/reboot.ts';
import { Story, together } from '../check/fixtures/story.ts';

const verdictOn = (story: Story) => judge(story.history, { scenario: 'reboot' });

t.test('the page needs nothing but itself', async (t) => {
  const story = recovered().end(3000);
  const page = renderHtml(story.history, verdictOn(story));
  t.match(page, /<title>reboot: unknown<\/title>/);
  t.notMatch(page, /(src|href)=|https?:\/\/(?!www\.w3\.org)|@import|url\(/);
});

t.test('what the page carries is the drawing, whatever names are in it', async (t) => {
  const story = recovered().lock(1550, 'bob', { file: '</script><b>$&' }, 'GRACE').end(3000);
  const verdict = verdictOn(story);
  const page = renderHtml(story.history, verdict);
  const carried = /id="run">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
  t.same(JSON.parse(carried), JSON.parse(JSON.stringify(drawingOf(story.history, verdict))));
});

t.test('the drawing shows lanes, lives, grace, faults, locks and refusals', async (t) => {
  const story = recovered().lock(1550, 'bob', {}, 'GRACE').end(3000);
  const drawing: Drawing = drawingOf(story.history, verdictOn(story));
  t.same(
    drawing.lanes.map(({ kind, name }) => `${kind} ${name}`),
    ['node n1', 'node n2', 'client alice', 'client bob'],
  );
  const [n1, , alice, bob] = drawing.lanes;
  t.match(n1?.bars, [
    { kind: 'life', label: 'incarnation 1', toMs: 1000 },
    { kind: 'life', label: 'incarnation 2', toMs: 3000 },
  ]);
  t.match(alice?.bars, [
    { kind: 'lock', fromMs: 101, toMs: 1521 },
    { kind: 'reclaimed', fromMs: 1521, toMs: 3000 },
  ]);
  t.match(
    bob?.marks.find(({ kind }) => kind === 'refused'),
    { ms: 1551 },
  );
  t.match(drawing.faults, [{ fromMs: 1000, toMs: 1501, targets: ['n1'], deadly: true }]);
  t.match(drawing.graces.at(-1), { fromMs: 1050, liftMs: 1600.2 });
});

t.test('the drawing shows takeovers, fencing and store outages in the lanes of their nodes', async (t) => {
  const story = Story.quiet(['n1', 'n2', 'n3'])
    .says(50, 'n3', 'store-unavailable')
    .says(80, 'n3', 'store-back')
    .fence(1000, 'n1', 'n2')
    .acknowledge(1060, 'n2')
    .acknowledge(1061, 'n3')
    .inherit(1100, 'n1', 'n2')
    .end(3000);
  const [n1, n2, n3] = drawingOf(story.history, verdictOn(story)).lanes;
  t.match(n1?.bars[1], { kind: 'fencing', fromMs: 1000, toMs: 1050, row: 1 });
  t.match(
    n2?.marks.filter(({ kind }) => kind === 'takeover'),
    [{ ms: 1100.2, text: /inherit by n2.*n2 serves the clients of n1/ }, { ms: 1100.3 }],
  );
  t.match(n3?.bars[1], { kind: 'outage', fromMs: 50, toMs: 80 });
});

t.test('of several lock domains each has a lane with its own graces', async (t) => {
  const history = together({ home: recovered().end(3000), work: Story.quiet(['n2', 'n3']) });
  const drawing = drawingOf(history, judge(history, { scenario: 'domains' }));
  t.same(
    drawing.lanes.map(({ kind, name }) => `${kind} ${name}`),
    ['domain home', 'domain work', 'node n1', 'node n2', 'node n3', 'client alice', 'client bob'],
  );
  t.same(drawing.graces, []);
  const [home, work, n1] = drawing.lanes;
  t.match(home?.bars.slice(-2), [
    { kind: 'grace', fromMs: 1050 },
    { kind: 'reclaiming', toMs: 1600.2 },
  ]);
  t.equal(work?.bars.length, 2, 'its first boot');
  t.match(n1?.bars, [{ label: 'incarnation 1' }, { label: 'incarnation 2' }]);
});

t.test('too much to draw is said so', async (t) => {
  const story = powerCut();
  for (let k = 0; k < 5000; k += 1) story.lock(3000 + k, 'bob', {}, 'GRACE');
  const drawing = drawingOf(story.history, verdictOn(story));
  t.match(drawing.leftOut, [/^bob: \d+ of \d+ requests and news are not drawn$/]);
});

t.test('a history that contradicts itself is drawn as far as it goes', async (t) => {
  const story = recovered().end(3000);
  const broken = story.history.filter((event) => !(event.kind === 'op' && event.phase === 'invoke'));
  t.equal(drawingOf(broken, verdictOn(story)).lanes.length, 4);
});
