import t from 'tap';
import { judge } from '../../../src/check/judge.ts';
import { momentAt } from '../../../src/check/moment.ts';
import { knowledgeWords } from '../../../src/check/words.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story, together } from './fixtures/story.ts';

const at = (story: Story, ms: number) => momentAt(story.history, ms * 1e6);
const of = (story: Story, ms: number, node: string) => at(story, ms).nodes.find((each) => each.node === node);

t.test('before anybody noticed: the dead node is down, the survivor knows of no grace', async (t) => {
  const story = rebooted();
  t.match(of(story, 1010, 'n1'), { incarnation: 1, down: { since: 1000e6, why: 'power-cut' } });
  t.match(of(story, 1010, 'n2'), { incarnation: 1, phase: 'no-grace', down: null });
  t.match(at(story, 1010).ledger, { recoveryEpoch: null });
});

t.test(
  'a survivor that has acknowledged is past the barrier when all have, and the next life is another incarnation',
  async (t) => {
    const story = recovered();
    t.equal(of(story, 1060, 'n2')?.phase, 'reclaiming');
    t.match(of(story, 1550, 'n1'), { incarnation: 2, phase: 'reclaiming', down: null });
    t.ok(of(story, 1550, 'n1')!.view! > of(story, 1010, 'n1')!.view!);
    t.match(at(story, 1550).ledger, { recoveryEpoch: 2 });
    t.equal(of(story, 2000, 'n1')?.phase, 'no-grace', 'who lifts knows that it did');
  },
);

t.test('what a node says of itself counts, and a former life says no more', async (t) => {
  const story = Story.quiet(['n1', 'n2'])
    .says(100, 'n1', 'enforcing', { view: 9 })
    .says(110, 'n1', 'beacon-missing', { peer: 'n2' })
    .says(120, 'n1', 'store-unavailable');
  t.match(of(story, 105, 'n1'), { phase: 'enforcing', view: 9, notes: [] });
  t.strictSame(of(story, 130, 'n1')?.notes, [
    'without its store since 0.120 s',
    'had found the beacon of n2 missing',
  ]);
});

t.test('what a former life says late is not what the node knows', async (t) => {
  const late = { incarnation: 1, view: 99 };
  const story = recovered().says(1550, 'n1', 'lifted', late).says(1551, 'n1', 'exited', late);
  t.match(of(story, 1560, 'n1'), { incarnation: 2, phase: 'reclaiming', down: null });
  t.ok(of(story, 1560, 'n1')!.view! < 99);
});

t.test('a swap that was answered late does not put a node back', async (t) => {
  const story = rebooted().says(1040, 'n2', 'enforcing', { view: 99 });
  t.match(of(story, 1060, 'n2'), { view: 99, phase: 'enforcing' });
});

t.test('a new life begins without what the former one knew', async (t) => {
  const story = Story.quiet()
    .says(100, 'n1', 'beacon-missing', { peer: 'n2', view: 99 })
    .says(110, 'n1', 'store-unavailable')
    .says(120, 'n1', 'exited')
    .fault(130, 'begin', 'power-cut', 'n1');
  t.match(of(story, 140, 'n1'), { view: 99, down: { since: 120e6, why: 'it ended by itself' } });
  t.match(of(story.says(200, 'n1', 'enforcing', { incarnation: 2, view: 7 }), 250, 'n1'), {
    incarnation: 2,
    view: 7,
    down: null,
    notes: [],
  });
});

t.test('what is over is not told any more', async (t) => {
  const story = Story.quiet()
    .says(100, 'n1', 'beacon-missing', { peer: 'n2' })
    .says(110, 'n1', 'store-unavailable')
    .says(120, 'n1', 'store-back')
    .says(130, 'n1', 'lifted');
  t.strictSame(of(story, 125, 'n1')?.notes, ['had found the beacon of n2 missing']);
  t.strictSame(of(story, 135, 'n1')?.notes, []);
});

t.test('of several domains only those who serve this one are told of', async (t) => {
  const story = Story.quiet(['n1', 'n2']).fault(100, 'begin', 'pause', 'n9').says(110, 'n9', 'exited');
  t.strictSame(
    at(story, 150).nodes.map(({ node }) => node),
    ['n1', 'n2'],
  );
});

t.test('the last word on grace is of this life, or of a ledger without one', async (t) => {
  const words = (story: Story, ms: number) => knowledgeWords(story.history, 'n1', ms * 1e6);
  const story = recovered();
  t.match(words(story, 50), /^no grace was known: the newest ledger \(view \d+\) had none$/);
  t.match(words(story, 1550), /^n1 had booted into the grace of view \d+ by 1\.500 s$/);
  const late = story.says(1580, 'n1', 'store-unavailable', { incarnation: 1 });
  t.match(words(late, 1590), /^n1 had booted into the grace/, 'a former life says no more');
  t.match(words(late, 1700), /^no grace was known/);
  t.match(
    knowledgeWords(story.history, 'n9', 50e6),
    /^no grace was known/,
    'to those, too, who said nothing',
  );
  const again = powerCut().says(990, 'n1', 'beacon-missing').says(1500, 'n1', 'barrier', { incarnation: 2 });
  t.equal(words(again, 995), 'n1 had found the beacon of a peer missing at 0.990 s');
  t.equal(words(again, 1600), 'n1 had said nothing about grace');
});

t.test('a fault that leaves a node alive is told as long as it lasts', async (t) => {
  const story = Story.quiet().fault(100, 'begin', 'pause', 'n2').fault(200, 'end', 'pause', 'n2');
  t.strictSame(of(story, 150, 'n2')?.notes, ['pause since 0.100 s']);
  t.strictSame(of(story, 250, 'n2')?.notes, []);
});

t.test('a violation carries the moment that it turns on; of several domains that of its own', async (t) => {
  const broken = powerCut().lock(1010, 'bob').death(1050, 'n1', 'n2');
  const theft = judge(broken.history, { scenario: 'theft' }).checks.find(({ name }) => name === 'no-theft');
  t.match(theft?.evidence[0]?.moment, {
    t: 1011e6,
    nodes: [{ node: 'n1' }, { node: 'n2', phase: 'no-grace' }],
  });
  const history = together({ home: broken, work: Story.quiet(['n3']) });
  const [check] = judge(history, { scenario: 'theft' }).checks.filter(
    ({ verdict }) => verdict === 'violation',
  );
  t.strictSame(
    check?.evidence[0]?.moment?.nodes.map(({ node }) => node),
    ['n1', 'n2'],
  );
});
