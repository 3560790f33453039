import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { noSilentLoss } from '../../../src/check/no-silent-loss.ts';
import { rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => noSilentLoss(new CheckContext(story.history));
const holding = () => Story.quiet().client(20, 'alice', 'n1').lock(100, 'alice').renews(200, 900, 'alice');

t.test('I5: a belief without a lock behind it is a violation', async (t) => {
  const { verdict, evidence } = check(holding().audit(950, false).end(960));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /Silent loss: alice.*at 0\.950 s/);
});

t.test('D4, D7: a lock that a reboot lost, whose client recovered and was told nothing', async (t) => {
  const story = rebooted()
    .recovers(1510, 'alice')
    .completes(1530, 'alice')
    .finish(1600, 'n1')
    .renews(1610, 3000, 'alice');
  t.equal(check(story.audit(3005, false, {}, 'alice').end(3010)).verdict, 'violation');
});

t.test('I5: a belief with its lock in the filesystem is what is wanted', async (t) => {
  t.equal(check(recovered().audit(3005, true, {}, 'alice').end(3010)).verdict, 'valid');
});

t.test('I5: being told is what is wanted when the lock is gone', async (t) => {
  const story = rebooted().recovers(1510, 'alice').reclaim(1520, 'alice', {}, 'NO_GRACE').told(1522, 'alice');
  const { verdict, judged } = check(story.completes(1530, 'alice').audit(3005, false).end(3010));
  t.equal(verdict, 'valid');
  t.equal(judged, 1);
});

t.test('I5: a belief that nobody looked at leaves it unknown', async (t) => {
  t.equal(check(holding().end(960)).verdict, 'unknown');
  t.equal(
    check(
      holding()
        .audit(950, true, { span: [0, 50] })
        .end(960),
    ).verdict,
    'unknown',
    'half of it is not enough',
  );
  t.equal(check(holding().unlock(910, 'alice').end(960)).verdict, 'unknown', 'nothing to judge at all');
});

t.test('no false alarm: a client out of touch cannot be told', async (t) => {
  const silent = Story.quiet().client(20, 'alice', 'n1').lock(100, 'alice').audit(3000, false).end(3010);
  t.not(check(silent).verdict, 'violation');
  const dead = holding().fault(910, 'begin', 'power-cut', 'n1').audit(950, false).end(960);
  t.not(check(dead).verdict, 'violation', 'its node has just died');
  const recovering = rebooted().recovers(1510, 'alice').audit(1515, false).end(1516);
  t.not(check(recovering).verdict, 'violation', 'it is about to reclaim');
});

t.test('no false alarm: the look at the filesystem began before the lock was granted', async (t) => {
  const story = holding().add({
    kind: 'audit',
    t: 102e6,
    sentAt: 99e6,
    event: 'lock',
    file: 'f',
    held: false,
  });
  t.equal(check(story.audit(950, true).end(960)).verdict, 'valid');
});

t.test('no false alarm: who looks for a write lock passes over a read lock', async (t) => {
  const story = Story.quiet()
    .client(20, 'alice', 'n1')
    .lock(100, 'alice', { mode: 'read' })
    .renews(200, 900, 'alice');
  t.equal(check(story.audit(950, false).end(960)).verdict, 'unknown');
});

t.test('no false alarm: the client is told a moment after the look', async (t) => {
  t.equal(check(holding().audit(950, false).told(955, 'alice').end(960)).verdict, 'valid');
});
