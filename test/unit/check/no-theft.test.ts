import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { noTheft } from '../../../src/check/no-theft.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => noTheft(new CheckContext(story.history));

t.test('D12: a survivor grants the lock of a dead node before it heard of the death', async (t) => {
  const { verdict, evidence } = check(powerCut().lock(1010, 'bob').death(1050, 'n1', 'n2'));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /alice.*n1 died \(power-cut.*bob.*at n2.*no grace was known/);
});

t.test('D18: the thief locks and unlocks in the gap, and the reclaim succeeds without a word', async (t) => {
  const story = recovered().lock(1010, 'bob').unlock(1020, 'bob');
  t.equal(check(story).verdict, 'violation');
});

t.test('D16: an OFD beacon that goes last lets one lock of many slip through', async (t) => {
  const story = Story.quiet().client(20, 'alice', 'n1').client(20, 'bob', 'n2').renews(100, 900, 'alice');
  for (let k = 0; k < 50; k += 1) story.lock(100 + k, 'alice', { span: [k, k + 1] });
  story
    .fault(1000, 'begin', 'power-cut', 'n1')
    .lock(1002, 'bob', { span: [41, 42] })
    .death(1050, 'n1', 'n2');
  const { verdict, judged } = check(story);
  t.equal(verdict, 'violation');
  t.equal(judged, 50, 'all other beliefs are judged as well');
});

t.test(
  'D11: a reclaim before the barrier comes too late to hide the grant that went before it',
  async (t) => {
    const story = powerCut()
      .boot(1100, 'n1')
      .recovers(1105, 'alice')
      .lock(1106, 'bob')
      .reclaim(1110, 'alice');
    t.equal(check(story).verdict, 'violation');
  },
);

t.test('I2: grace that is lifted while a recorded client is still out gives its lock away', async (t) => {
  const story = rebooted().recovers(1510, 'alice').finish(1550, 'n1').lock(1560, 'bob').told(1600, 'alice');
  t.equal(check(story).verdict, 'violation');
});

t.test('no false alarm: row 17, it came back and fell silent for a lease in the grace itself', async (t) => {
  const silent = () => rebooted().recovers(1510, 'alice');
  const story = silent().finish(2560, 'n1').lock(2570, 'bob').told(2600, 'alice');
  t.equal(check(story).verdict, 'valid');
  const inTime = silent().finish(2490, 'n1').lock(2500, 'bob').told(2600, 'alice');
  t.equal(check(inTime).verdict, 'violation', 'its lease had not run out');
  const again = silent().fault(1600, 'begin', 'power-cut', 'n1').back(2500, 'n1', 'n2');
  t.equal(
    check(again.finish(2560, 'n1').lock(2570, 'bob').told(2600, 'alice')).verdict,
    'violation',
    'nobody was there to hear it',
  );
});

t.test('I2: RECLAIM_CONFLICT shows the theft whose own answer never came', async (t) => {
  const story = rebooted().lock(1010, 'bob', {}, 'info').recovers(1510, 'alice');
  story.reclaim(1520, 'alice', {}, 'RECLAIM_CONFLICT').told(1522, 'alice');
  t.equal(check(story).verdict, 'violation');
});

/** Alice is refused at 1.521 s, half a second into the grace, and told so. */
const refused = (story: Story) =>
  story.recovers(1510, 'alice').reclaim(1520, 'alice', {}, 'NO_GRACE').told(1522, 'alice');

t.test(
  'I2: who comes in time and is refused with NO_GRACE has had no chance, whoever gets the lock',
  async (t) => {
    const { verdict, evidence } = check(refused(rebooted()));
    t.equal(verdict, 'violation');
    t.match(evidence[0]?.sentence, /Chance refused: alice.*n1 died.*refused with NO_GRACE/);
  },
);

t.test(
  'M9: what was let go for a move that came to nothing is protected as if its node had died',
  async (t) => {
    const moved = () =>
      Story.quiet(['n1', 'n2', 'n3'])
        .client(20, 'alice', 'n1')
        .client(20, 'bob', 'n2')
        .lock(100, 'alice')
        .renews(200, 950, 'alice')
        .migrate(1000, 'n1', 'n3');
    const lost = moved()
      .callOff('n1')
      .death(1010, 'n3', 'n1', 'n2')
      .finish(1020, 'n1')
      .finish(1020, 'n3', 'n2');
    t.equal(check(lost.lock(1050, 'bob').told(1100, 'alice')).verdict, 'violation');
    const kept = moved().callOff('n1').death(1010, 'n3', 'n1', 'n2');
    kept.recovers(1015, 'alice').reclaim(1020, 'alice').completes(1025, 'alice').finish(1030, 'n1');
    t.equal(check(kept.finish(1030, 'n3', 'n2').lock(1050, 'bob', {}, 'DENIED')).verdict, 'valid');
  },
);

t.test('no false alarm: NO_GRACE to whoever has no right to reclaim any more', async (t) => {
  const late = rebooted().renews(1600, 3000, 'alice').recovers(3100, 'alice');
  t.equal(
    check(late.reclaim(3120, 'alice', {}, 'NO_GRACE').told(3122, 'alice')).verdict,
    'valid',
    'a grace time after grace began its deadline may have passed',
  );
  const silent = powerCut().death(1050, 'n1', 'n2').back(2100, 'n1', 'n2').recovers(2510, 'alice');
  t.equal(
    check(silent.reclaim(2520, 'alice', {}, 'NO_GRACE').told(2522, 'alice')).verdict,
    'valid',
    'its lease may have run out at the next life of n1',
  );
  const unreadable = rebooted().says(1505, 'n1', 'store-unavailable', { peer: 'n1' });
  t.equal(check(refused(unreadable)).verdict, 'valid', 'row 20: records that nobody can read');
});

t.test('I2: the ledger alone is enough to know of a death', async (t) => {
  const story = Story.quiet()
    .client(20, 'alice', 'n1')
    .client(20, 'bob', 'n2')
    .lock(100, 'alice')
    .renews(200, 950, 'alice');
  t.equal(check(story.death(1000, 'n1', 'n2').lock(1010, 'bob')).verdict, 'violation');
});

t.test('I2: whoever is refused, and gets the lock when its owner has let go, is no thief', async (t) => {
  const story = recovered().lock(1010, 'bob', {}, 'GRACE').lock(1700, 'bob', {}, 'DENIED');
  t.equal(check(story.unlock(1800, 'alice').lock(1900, 'bob')).verdict, 'valid');
});

t.test('no false alarm: a lock that conflicts with nothing, and one of the believer itself', async (t) => {
  t.equal(check(recovered().lock(1010, 'bob', { span: [100, 200] })).verdict, 'valid');
  t.equal(check(recovered().lock(1010, 'bob', { file: 'g' })).verdict, 'valid');
  t.equal(check(powerCut().lock(1010, 'alice', { node: 'n2' })).verdict, 'valid');
});

t.test('no false alarm: the believer was told first', async (t) => {
  const story = rebooted().told(1520, 'alice').finish(1600, 'n1').lock(1700, 'bob');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: the client had the whole of grace and did not come', async (t) => {
  const story = rebooted().finish(3600, 'n1').lock(3700, 'bob');
  t.equal(check(story).verdict, 'valid');
});

t.test(
  'no false alarm: an address that goes back to its owner as its dead carrier is given up opens nothing anew',
  async (t) => {
    const givenUpAt = (ms: number) =>
      Story.quiet(['n1', 'n2', 'n3', 'n4'])
        .client(20, 'alice', 'n1')
        .client(20, 'bob', 'n2')
        .migrate(100, 'n1', 'n3')
        .handOver(110, 'n1', 'n1')
        .finish(120, 'n1', 'n3')
        .lock(200, 'alice')
        .renews(300, 950, 'alice')
        .fault(1000, 'begin', 'kill', 'n3', 'n4')
        .death(1010, 'n3', 'n1', 'n2')
        .death(1012, 'n4', 'n1', 'n2')
        .finish(ms, 'n3', 'n2')
        .finish(ms + 5, 'n4', 'n2')
        .lock(ms + 10, 'bob')
        .told(ms + 700, 'alice');
    t.equal(check(givenUpAt(3050)).verdict, 'valid', 'it had the whole of grace');
    t.equal(check(givenUpAt(1900)).verdict, 'violation');
  },
);

t.test('no false alarm: row 17, the client was silent for a lease before its node died', async (t) => {
  const story = Story.quiet().client(20, 'alice', 'n1').client(20, 'bob', 'n2').lock(100, 'alice');
  story.fault(2000, 'begin', 'power-cut', 'n1').lock(2010, 'bob').death(2050, 'n1', 'n2');
  const { verdict, judged } = check(story);
  t.equal(verdict, 'unknown', 'there was no belief to protect');
  t.equal(judged, 0);
});

t.test('no false alarm: a reclaimed lock whose client never completed is not on record', async (t) => {
  const story = rebooted().recovers(1510, 'alice').reclaim(1520, 'alice').finish(3600, 'n1');
  story.renews(1600, 3900, 'alice').fault(4000, 'begin', 'power-cut', 'n1').death(4050, 'n1', 'n2');
  story.back(4100, 'n1', 'n2').finish(4110, 'n1').lock(4120, 'bob').told(4200, 'alice');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: the lock was asked for before the believer had its own', async (t) => {
  const story = Story.quiet()
    .client(20, 'alice', 'n1')
    .client(20, 'bob', 'n2')
    .lock(90, 'bob', {}, 'ok', 930);
  story
    .lock(100, 'alice')
    .renews(200, 950, 'alice')
    .fault(1000, 'begin', 'power-cut', 'n1')
    .death(1050, 'n1', 'n2');
  t.equal(check(story).verdict, 'valid', 'exclusion has its own word on that');
});

t.test('without a ledger the length of grace bounds the protection', async (t) => {
  const foreign = () => {
    const story = new Story()
      .client(20, 'alice', 'n1')
      .client(20, 'bob', 'n2')
      .lock(100, 'alice')
      .renews(200, 950, 'alice');
    return story.fault(1000, 'begin', 'power-cut', 'n1').fault(1500, 'end', 'power-cut', 'n1');
  };
  t.equal(check(foreign().lock(1400, 'bob')).verdict, 'violation');
  t.equal(check(foreign().lock(3600, 'bob')).verdict, 'valid');
});

t.test('C4: a belief survives two deaths in a row', async (t) => {
  const story = powerCut()
    .death(1050, 'n1', 'n2')
    .back(1200, 'n1', 'n2')
    .fault(1300, 'begin', 'power-cut', 'n1');
  story.death(1310, 'n1', 'n2').back(1400, 'n1', 'n2').recovers(1500, 'alice').reclaim(1510, 'alice');
  t.equal(check(story).verdict, 'valid');
  t.equal(check(story.lock(1350, 'bob')).verdict, 'violation');
});

t.test('I2: what was granted twice while both nodes lived is for exclusion to say', async (t) => {
  t.equal(check(recovered().lock(300, 'bob').unlock(320, 'bob')).verdict, 'valid');
});

t.test('no false alarm: the answer came after the believer was told', async (t) => {
  const story = rebooted().told(1520, 'alice').finish(1600, 'n1').lock(1515, 'bob', {}, 'ok', 100);
  t.equal(check(story).verdict, 'valid');
});

t.test('C3: the lift of a grace that knew nothing of the death protects nobody less', async (t) => {
  const story = Story.quiet(['n1', 'n2', 'n3'])
    .client(20, 'alice', 'n1')
    .client(20, 'bob', 'n2')
    .lock(100, 'alice');
  story
    .renews(200, 950, 'alice')
    .fault(800, 'begin', 'power-cut', 'n3')
    .death(810, 'n3', 'n1', 'n2')
    .back(850, 'n3', 'n1', 'n2');
  story
    .fault(1000, 'begin', 'power-cut', 'n1')
    .finish(1010, 'n3')
    .death(1050, 'n1', 'n2', 'n3')
    .back(2400, 'n1', 'n2', 'n3');
  story.recovers(2550, 'alice').reclaim(2600, 'alice');
  t.equal(check(story).verdict, 'valid');
  t.equal(
    check(story.lock(2500, 'bob')).verdict,
    'violation',
    'alice was silent for a lease, but nobody was there to hear',
  );
});

t.test(
  'no false alarm: a downgrade was sent when the node was dead already, and the lock was not reclaimed',
  async (t) => {
    const story = Story.quiet()
      .client(20, 'alice', 'n1')
      .client(20, 'bob', 'n2')
      .lock(100, 'alice')
      .renews(200, 950, 'alice')
      .fault(1000, 'begin', 'power-cut', 'n1')
      .back(1050, 'n1', 'n2')
      .lock(1099, 'alice', { mode: 'read' }, 'fail', 2)
      .learns(1100, 'alice', 'recovery-begin')
      .learns(1101, 'alice', 'session')
      .renews(1110, 4000, 'alice')
      .finish(3200, 'n1')
      .fault(3300, 'begin', 'power-cut', 'n1')
      .lock(3310, 'bob')
      .back(3350, 'n1', 'n2');
    t.equal(check(story).verdict, 'valid', 'it had its chance in the grace before');
  },
);
