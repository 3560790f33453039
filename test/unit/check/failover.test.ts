import t from 'tap';
import { boundedGrace } from '../../../src/check/bounded-grace.ts';
import { CheckContext } from '../../../src/check/context.ts';
import { coverageOf } from '../../../src/check/coverage.ts';
import { exclusion } from '../../../src/check/exclusion.ts';
import { graceEnforcement } from '../../../src/check/grace-enforcement.ts';
import { noSilentLoss } from '../../../src/check/no-silent-loss.ts';
import { noTheft } from '../../../src/check/no-theft.ts';
import { reclaimAuthority } from '../../../src/check/reclaim-authority.ts';
import { recovers } from '../../../src/check/recovers.ts';
import { timingsOf } from '../../../src/check/timings.ts';
import { Story } from './fixtures/story.ts';

const context = (story: Story) => new CheckContext(story.history);
const authority = (story: Story) => reclaimAuthority(context(story));

/** Alice's node n1 loses power at 1 s; bob is at n2, which is to be the heir, and carol at n3. Barrier at 1.052 s. */
function nodeGone(): Story {
  const story = Story.quiet(['n1', 'n2', 'n3'])
    .client(20, 'alice', 'n1')
    .client(20, 'bob', 'n2')
    .client(20, 'carol', 'n3');
  story.lock(100, 'alice').renews(200, 950, 'alice').renews(100, 3000, 'bob').renews(100, 3000, 'carol');
  return story.fault(1000, 'begin', 'power-cut', 'n1').death(1050, 'n1', 'n2', 'n3');
}

/** n2 takes over at 1.2 s, and answers at n1's address from then on. */
const takenOver = () => nodeGone().inherit(1200, 'n1', 'n2').recovers(1210, 'alice');

/** The whole of it: reclaimed, completed, lifted at 1.3 s. */
const servedByHeir = () =>
  takenOver()
    .reclaim(1220, 'alice')
    .completes(1230, 'alice')
    .finish(1300, 'n1', 'n2')
    .renews(1310, 3000, 'alice');

t.test('I4: a client of the dead node reclaims at its heir, by the same address', async (t) => {
  const { verdict, judged } = authority(servedByHeir());
  t.equal(verdict, 'valid');
  t.equal(judged, 1);
});

t.test('I4: so it does at the heir by the own address of the heir', async (t) => {
  t.equal(authority(takenOver().reclaim(1220, 'alice', { node: 'n2' })).verdict, 'valid');
});

t.test('I4: not before the takeover', async (t) => {
  const early = nodeGone().recovers(1100, 'alice').reclaim(1110, 'alice', { node: 'n2' });
  const { verdict, evidence } = authority(early.inherit(1200, 'n1', 'n2'));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /it had not taken over from n1 before 1\.200 s/);
});

t.test('I4: not even where the swap that made the barrier was never reported', async (t) => {
  const story = nodeGone().recovers(1060, 'alice').reclaim(1070, 'alice', { node: 'n2' });
  const { history } = story.inherit(1200, 'n1', 'n2');
  const unsaid = history.filter(
    (event) => !(event.kind === 'ledger' && event.node === 'n3' && event.t > 1050e6),
  );
  t.equal(history.length - unsaid.length, 1);
  t.equal(reclaimAuthority(new CheckContext(unsaid)).verdict, 'violation');
});

t.test(
  'I4: nor where the heir has reclaims of its own to grant, by which nobody else is on record',
  async (t) => {
    const rebootedHeir = () =>
      nodeGone()
        .fault(1060, 'begin', 'power-cut', 'n2')
        .declareDown(1070, 'n2', 'n3')
        .boot(1100, 'n2')
        .recovers(1105, 'alice');
    const early = rebootedHeir().reclaim(1110, 'alice', { node: 'n2' }).inherit(1200, 'n1', 'n2');
    const { verdict, evidence } = authority(early);
    t.equal(verdict, 'violation');
    t.match(evidence[0]?.sentence, /alice had not completed its recovery in the life of n2/);
    t.equal(
      authority(rebootedHeir().inherit(1200, 'n1', 'n2').reclaim(1210, 'alice', { node: 'n2' })).verdict,
      'valid',
    );
  },
);

t.test('I4: nor at a node that is not the heir', async (t) => {
  t.equal(authority(takenOver().reclaim(1220, 'alice', { node: 'n3' })).verdict, 'violation');
});

t.test('I4: nor at the heir after it said that it is through with them', async (t) => {
  const story = servedByHeir().death(2000, 'n3', 'n2').recovers(2010, 'alice').reclaim(2020, 'alice');
  t.equal(authority(story).verdict, 'violation');
});

t.test(
  'I4: the dead node is back in the same grace, and its clients are still those of the heir',
  async (t) => {
    const back = () => takenOver().boot(1215, 'n1');
    t.equal(authority(back().reclaim(1220, 'alice')).verdict, 'valid');
    const granted = {
      client: 'alice',
      op: 'lock',
      reclaim: true,
      file: 'f',
      span: { start: 0, end: 100 },
    } as const;
    const atHeir = back().reclaim(1220, 'alice').says(1220.5, 'n2', 'grant', granted);
    t.equal(authority(atHeir).verdict, 'valid');
    const atReturned = back().reclaim(1220, 'alice').says(1220.5, 'n1', 'grant', granted);
    const { verdict, evidence } = authority(atReturned);
    t.equal(verdict, 'violation', 'n1 answered, by an address of its own');
    t.match(evidence[0]?.sentence, /could not grant reclaims any more, or not at all/);
  },
);

/** After the takeover n2 dies, too; n3 takes over from both. */
const heirGone = () =>
  servedByHeir()
    .fault(4000, 'begin', 'power-cut', 'n2')
    .death(4050, 'n2', 'n3')
    .inherit(4100, 'n2', 'n3')
    .recovers(4110, 'alice');

t.test('I4: whoever completed at the heir is on record there, and at the heir of that one', async (t) => {
  t.equal(authority(heirGone().renews(3000, 3950, 'alice').reclaim(4120, 'alice')).verdict, 'valid');
});

t.test('I4: whoever did not complete at the heir has no record that counts after it', async (t) => {
  const story = takenOver().reclaim(1220, 'alice').finish(3300, 'n1', 'n2').renews(1310, 3950, 'alice');
  story.fault(4000, 'begin', 'power-cut', 'n2').death(4050, 'n2', 'n3').inherit(4100, 'n2', 'n3');
  const { verdict, evidence } = authority(story.recovers(4110, 'alice').reclaim(4120, 'alice'));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /alice had not completed its recovery in the life of n2/);
});

t.test('I2: what the heir granted is protected when the heir dies, at whatever address it was', async (t) => {
  const story = servedByHeir().renews(3000, 3950, 'alice').fault(4000, 'begin', 'power-cut', 'n2');
  const { verdict, evidence } = noTheft(context(story.lock(4010, 'carol').death(4050, 'n2', 'n3')));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /n2, which answered there, died \(power-cut/);
});

t.test('I2: the clients of the dead have the whole of grace at the heir', async (t) => {
  const late = () => nodeGone().inherit(2500, 'n1', 'n2').recovers(2510, 'alice');
  const short = late().finish(3200, 'n1', 'n2').lock(3210, 'bob').told(3300, 'alice');
  t.equal(noTheft(context(short)).verdict, 'violation', '700 ms are not a grace');
  const whole = late().finish(4600, 'n1', 'n2').lock(4610, 'bob').told(4700, 'alice');
  t.equal(noTheft(context(whole)).verdict, 'valid');
});

t.test('no false alarm: the return of the dead node does not begin the time at the heir anew', async (t) => {
  const story = takenOver().boot(3000, 'n1').finish(3250, 'n1', 'n2').lock(3260, 'bob').told(3300, 'alice');
  t.equal(noTheft(context(story)).verdict, 'valid');
});

t.test('I5: a lock that the heir lost is a silent loss, at its address as at any', async (t) => {
  const silent = (story: Story) => noSilentLoss(context(story)).verdict;
  t.equal(silent(servedByHeir().audit(3005, false, {}, 'alice').end(3010)), 'violation');
  const died = servedByHeir().fault(3001, 'begin', 'power-cut', 'n2').audit(3005, false).end(3010);
  t.not(silent(died), 'violation', 'its server has just died, and that was n2');
});

t.test('I3: the heir grants nothing new at the address that it took over', async (t) => {
  const enforced = (story: Story) => graceEnforcement(context(story));
  const { verdict, evidence } = enforced(servedByHeir().lock(1250, 'alice', { file: 'g' }));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /n2 had acknowledged view/);
  t.equal(enforced(servedByHeir().lock(1250, 'alice', { file: 'g' }, 'GRACE')).verdict, 'valid');
});

t.test('I1: requests at another node prove nothing about a lock at the first', async (t) => {
  const moved = (story: Story) => exclusion(context(story)).verdict;
  const story = () =>
    Story.quiet(['n1', 'n2', 'n3']).client(20, 'alice', 'n1').client(20, 'bob', 'n3').lock(100, 'alice');
  // n1 gave alice's lock to bob when her lease ran out; she is at n2 by then.
  const stolen = () => story().lock(2000, 'bob').renews(2010, 2600, 'bob');
  const elsewhere = { node: 'n2', span: [200, 300] } as const;
  t.equal(moved(stolen().lock(2100, 'alice', elsewhere)), 'valid');
  t.equal(moved(stolen().unlock(2100, 'alice', { node: 'n2' })), 'valid');
  const passed = story().lock(2000, 'bob').unlock(2050, 'bob').lock(2100, 'alice', { node: 'n2' });
  t.equal(moved(passed), 'valid', 'the same bytes, as a lock of its own');
  t.equal(moved(stolen().lock(2100, 'alice', { node: 'n2', mode: 'read' }, 'DENIED')), 'valid');
  t.equal(
    moved(stolen().lock(2100, 'alice', { ...elsewhere, node: 'n1' })),
    'violation',
    'n1 obeyed by that stateid',
  );
});

t.test('I8: the time at the heir is counted from the takeover, and bounded', async (t) => {
  const bounded = (story: Story) => boundedGrace(context(story)).verdict;
  t.equal(bounded(nodeGone().inherit(4000, 'n1', 'n2').finish(9900, 'n1', 'n2').end(10_000)), 'valid');
  t.equal(bounded(nodeGone().inherit(4000, 'n1', 'n2').finish(10_100, 'n1', 'n2').end(10_200)), 'violation');
  t.equal(
    bounded(nodeGone().inherit(7300, 'n1', 'n2').finish(7400, 'n1', 'n2').end(7500)),
    'violation',
    'nobody came',
  );
});

t.test('the cluster has recovered when the heir grants in place of the dead', async (t) => {
  const probed = (story: Story) =>
    story.lock(2000, 'bob', { file: 'p2' }).lock(2000, 'carol', { file: 'p3' }).end(20_000);
  t.equal(recovers(context(probed(servedByHeir()))).verdict, 'valid', 'nobody need ask at the address of n1');
  const stuck = probed(takenOver().finish(3300, 'n1', 'n2'));
  t.equal(recovers(context(stuck)).verdict, 'violation', 'alice is at it for ever, and somebody answers her');
  const refused = servedByHeir();
  for (let ms = 2000; ms < 9000; ms += 500) refused.lock(ms, 'alice', { file: 'p1' }, 'GRACE');
  t.equal(recovers(context(probed(refused))).verdict, 'violation');
});

t.test('a client that changed its node has recovered where it went', async (t) => {
  const story = nodeGone().learns(1100, 'alice', 'recovery-begin').finish(3100, 'n1', 'n2');
  story.learns(3200, 'alice', 'recovery-begin', { node: 'n3' });
  const probed = story.lock(4000, 'bob', { file: 'p2' }).lock(4000, 'carol', { file: 'p3' });
  t.equal(recovers(context(probed.end(20_000))).verdict, 'violation');
});

t.test('coverage and timings of a takeover', async (t) => {
  t.match(coverageOf(context(servedByHeir())), { reclaim: 1, reclaimAtHeir: 1 });
  t.match(coverageOf(context(nodeGone().back(1100, 'n1').recovers(1110, 'alice').reclaim(1120, 'alice'))), {
    reclaim: 1,
    reclaimAtHeir: 0,
  });
  const another = servedByHeir().reclaim(1215, 'carol');
  t.match(timingsOf(context(another)), {
    detectionMs: 50.2,
    detectionToBarrierMs: 1.1,
    barrierMs: 51.3,
    failoverMs: 221,
    barrierToLiftMs: 248.9,
    graceMs: 300.2,
  });
});
