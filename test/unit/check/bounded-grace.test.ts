import t from 'tap';
import { boundedGrace } from '../../../src/check/bounded-grace.ts';
import { CheckContext } from '../../../src/check/context.ts';
import type { History } from '../../../src/history/events.ts';
import { inOrder } from '../../../src/history/recorder.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

/** Lease 1 s, grace 2 s, slack 1 s: the bound is 6 s. */
const check = ({ history }: { readonly history: History }) =>
  boundedGrace(new CheckContext(inOrder(history)));

t.test('I8: a grace that is lifted in time is bounded', async (t) => {
  t.equal(check(recovered().end(3000)).verdict, 'valid');
});

t.test('D13: one client keeps reclaiming and grace goes on and on', async (t) => {
  const { verdict, evidence } = check(rebooted().finish(7800, 'n1').end(8000));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /after the barrier of view \d+, from 1\.500 s took 6300 ms, where 6000 ms/);
});

t.test('row 31, no false alarm: a short grace may be extended to two leases', async (t) => {
  const story = (ms: number) =>
    Story.quiet(['n1', 'n2'], { leaseMs: 5000, graceMs: 500 })
      .death(1000, 'n1', 'n2')
      .back(1500, 'n1', 'n2')
      .finish(ms, 'n1')
      .finish(ms + 1, 'n2')
      .end(ms + 100);
  t.equal(check(story(11_500)).verdict, 'valid');
  t.equal(check(story(13_000)).verdict, 'violation');
});

t.test('D5: grace that is never lifted', async (t) => {
  t.equal(check(rebooted().end(9000)).verdict, 'violation');
  t.equal(check(rebooted().end(3000)).verdict, 'unknown', 'too early to say');
});

t.test('D2: a barrier that waits for a node whose death nobody reports', async (t) => {
  const story = powerCut().fault(1040, 'begin', 'power-cut', 'n2').boot(1050, 'n1').end(9000);
  const { verdict, evidence } = check(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /still missing: n2/);
});

t.test('no false alarm: a paused node holds the barrier up for as long as it is paused', async (t) => {
  const paused = () => powerCut().fault(1040, 'begin', 'pause', 'n2').boot(1050, 'n1');
  const story = paused()
    .fault(8000, 'end', 'pause', 'n2')
    .acknowledge(8100, 'n2')
    .finish(8200, 'n1')
    .end(8300);
  t.equal(check(story).verdict, 'valid');
  const late = paused()
    .fault(2000, 'end', 'pause', 'n2')
    .acknowledge(9100, 'n2')
    .finish(9200, 'n1')
    .end(9300);
  t.equal(check(late).verdict, 'violation', 'seven seconds after the pause');
});

t.test(
  'no false alarm: so does a boot that stands still half-way, though it began with the end of a life',
  async (t) => {
    const story = powerCut()
      .fault(1040, 'begin', 'slow-boot', 'n2')
      .boot(1050, 'n1')
      .fault(8000, 'end', 'slow-boot', 'n2')
      .acknowledge(8100, 'n2')
      .finish(8200, 'n1')
      .end(8300);
    const history = story.history.map((event) =>
      event.kind === 'fault' ? { ...event, endsLife: true } : event,
    );
    t.equal(boundedGrace(new CheckContext(history)).verdict, 'valid');
  },
);

t.test('no false alarm: every reboot begins to count anew', async (t) => {
  let story = rebooted();
  for (let ms = 4000; ms < 20_000; ms += 3000) story = story.death(ms, 'n1', 'n2').back(ms + 500, 'n1', 'n2');
  t.equal(check(story.finish(20_000, 'n1').end(20_010)).verdict, 'valid');
});

t.test('no false alarm: while every node is down nobody can end a grace', async (t) => {
  const dark = (from: number, to: number) =>
    rebooted().fault(from, 'begin', 'power-cut', 'n1', 'n2').back(to, 'n1', 'n2');
  t.equal(check(dark(1600, 9000).finish(9500, 'n1', 'n2').end(9600)).verdict, 'valid');
  t.equal(check(dark(1600, 2000).end(9600)).verdict, 'violation', 'only for as long as they are');
  const oneLives = rebooted().fault(1600, 'begin', 'power-cut', 'n1').back(9000, 'n1');
  t.equal(check(oneLives.finish(9500, 'n1').end(9600)).verdict, 'violation', 'n2 could have');
});

t.test('no false alarm: while whoever is not down stands still nobody can end a grace', async (t) => {
  const stopped = (...nodes: readonly string[]) =>
    rebooted()
      .fault(1601, 'begin', 'pause', ...nodes)
      .fault(9000, 'end', 'pause', ...nodes);
  t.equal(check(stopped('n1', 'n2').finish(9500, 'n1').end(9600)).verdict, 'valid');
  t.equal(check(stopped('n1').finish(9500, 'n1').end(9600)).verdict, 'violation', 'n2 could have');
  const oneDown = stopped('n2').fault(1600, 'begin', 'power-cut', 'n1').finish(9500, 'n1', 'n2').end(9600);
  t.equal(check(oneDown).verdict, 'valid');
  const stalled = stopped('n2').fault(1601, 'begin', 'stall', 'n1').fault(9000, 'end', 'stall', 'n1');
  t.equal(check(stalled.finish(9500, 'n1').end(9600)).verdict, 'valid');
});

/** n2 hangs just before n1 reboots, and so never acknowledges. Nobody mends it. */
const hung = (times: { fenceAfterMs?: number } = {}) =>
  Story.quiet(['n1', 'n2', 'n3'], times)
    .fault(1000, 'begin', 'hang', 'n2')
    .fault(1010, 'begin', 'power-cut', 'n1')
    .declareDown(1020, 'n1', 'n3')
    .acknowledge(1025, 'n3')
    .boot(1050, 'n1');

t.test('I8: a node that hangs is fenced, and grace goes on without it', async (t) => {
  const story = () =>
    hung({ fenceAfterMs: 3000 }).fence(4000, 'n2', 'n3').finish(4100, 'n2', 'n3').finish(6100, 'n1');
  t.equal(check(story().end(6200)).verdict, 'valid');
  const again = story().boot(7000, 'n2').acknowledge(7010, 'n1').acknowledge(7011, 'n3').finish(7020, 'n2');
  again.declareDown(8000, 'n1', 'n3').acknowledge(8010, 'n3').end(14_100);
  t.equal(check(again).verdict, 'violation', 'what held the life before excuses nobody now');
});

t.test('I8: nobody fences the node that hangs: grace without end', async (t) => {
  const { verdict, evidence } = check(hung({ fenceAfterMs: 3000 }).end(11_000));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /still missing: n2/);
  t.equal(
    check(hung({ fenceAfterMs: 3000 }).end(9900)).verdict,
    'unknown',
    'the time to fence it is not counted',
  );
  t.not(check(hung().end(60_000)).verdict, 'violation', 'a cluster that fences nobody can only wait');
});

t.test('no false alarm: the fencer fails, and to wait is right', async (t) => {
  const story = hung({ fenceAfterMs: 3000 }).says(4000, 'n3', 'fencing', { peer: 'n2' });
  t.not(check(story.says(4100, 'n3', 'fence-failed', { peer: 'n2' }).end(60_000)).verdict, 'violation');
});

t.test(
  'no false alarm: a suspect that is cut off holds the barrier up until it is fenced or heals',
  async (t) => {
    const cut = () =>
      Story.quiet(['n1', 'n2', 'n3'])
        .withoutProof()
        .fault(1000, 'begin', 'partition', 'n2')
        .suspect(1050, 'n2', 'n1');
    const story = cut().acknowledge(1060, 'n1').acknowledge(1061, 'n3').fault(9000, 'end', 'partition', 'n2');
    t.equal(check(story.acknowledge(9010, 'n2').finish(9100, 'n2').end(9200)).verdict, 'valid');
  },
);

t.test(
  'no false alarm: without its store nobody can end a grace; but no node may say so for nothing',
  async (t) => {
    const without = () =>
      rebooted()
        .says(1700, 'n1', 'store-unavailable')
        .says(9000, 'n1', 'store-back')
        .finish(9500, 'n1')
        .end(9600);
    t.equal(check(without()).verdict, 'violation');
    const out = without().fault(1690, 'begin', 'kill', 'e1').fault(8990, 'end', 'kill', 'e1');
    t.equal(check(out).verdict, 'valid');
  },
);
