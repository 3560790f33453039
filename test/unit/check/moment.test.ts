import t from 'tap';
import { judge } from '../../../src/check/judge.ts';
import { momentAt } from '../../../src/check/moment.ts';
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
