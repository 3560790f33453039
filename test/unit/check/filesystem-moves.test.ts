/** Rows 29 and 30: a filesystem that another node serves in place of the one that did. Its clients are that node's own from then on. */
import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { coverageOf } from '../../../src/check/coverage.ts';
import { exclusion } from '../../../src/check/exclusion.ts';
import { noTheft } from '../../../src/check/no-theft.ts';
import { reclaimAuthority } from '../../../src/check/reclaim-authority.ts';
import { Story } from './fixtures/story.ts';

const context = (story: Story) => new CheckContext(story.history, { filesystemsMove: true });
const authority = (story: Story) => reclaimAuthority(context(story));

/** Alice's filesystem moves from n1 to n2, where she is new, at 1 s; handed over at 1.01 s. */
function moving(): Story {
  const story = Story.quiet(['n1', 'n2', 'n3']).client(20, 'alice', 'n1').client(20, 'carol', 'n3');
  story.lock(100, 'alice').renews(200, 950, 'alice').renews(100, 3000, 'carol');
  return story.migrate(1000, 'n1', 'n2');
}

const moved = () => moving().handOver(1010, 'n1', 'n1');

/** She has a session at n2, and has completed for what a restart of n2 could have taken from her. */
const arrived = (ms = 1020) =>
  moved()
    .learns(ms, 'alice', 'session', { node: 'n2' })
    .learns(ms + 1, 'alice', 'reclaim-complete', { node: 'n2' });

const through = (story: Story, ms: number) =>
  story.learns(ms, 'alice', 'reclaim-complete', { node: 'n2', file: 'home' });

t.test('row 30: she reclaims there, though she has completed there', async (t) => {
  const story = through(arrived().reclaim(1030, 'alice', { node: 'n2' }), 1040).finish(1050, 'n1', 'n2');
  const { verdict, judged } = authority(story);
  t.equal(verdict, 'valid');
  t.equal(judged, 1);
  t.match(coverageOf(context(story)), { migrations: 1 });
});

t.test('row 30: not any more when she has said that she is through with that filesystem', async (t) => {
  const story = through(arrived(), 1030).reclaim(1040, 'alice', { node: 'n2' }).finish(1050, 'n1', 'n2');
  const { verdict, evidence } = authority(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /Reclaim after RECLAIM_COMPLETE/);
});

const HELD = {
  client: 'alice',
  owner: 'o',
  op: 'lock',
  file: 'f',
  mode: 'write',
  span: { start: 0, end: 100 },
  peer: 'n1',
} as const;

/** N2 says that it holds what she held, and has her on record; grace is over before she comes. */
const takenOver = () =>
  moved()
    .says(1012, 'n2', 'adopted', HELD)
    .says(1013, 'n2', 'record-durable', { client: 'alice', epoch: 3 })
    .finish(1014, 'n1', 'n2')
    .learns(1020, 'alice', 'session', { node: 'n2' })
    .learns(1021, 'alice', 'reclaim-complete', { node: 'n2' });

t.test(
  'row 30: what is held for her there she reclaims when grace is over, though she has completed there',
  async (t) => {
    const story = through(takenOver().reclaim(1030, 'alice', { node: 'n2' }), 1040);
    t.same(authority(story).evidence, []);
    t.equal(coverageOf(context(story)).adopted, 1);
  },
);

t.test('row 30: and not when she has said that she is through with that filesystem', async (t) => {
  const story = through(takenOver(), 1030).reclaim(1040, 'alice', { node: 'n2' });
  const { verdict, evidence } = authority(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /Reclaim after RECLAIM_COMPLETE/);
});

t.test('I4: she is on record with the taker, whether she has come or not', async (t) => {
  for (const [held, verdict] of [
    [true, 'valid'],
    [false, 'violation'],
  ] as const) {
    const story = moved();
    if (held) story.says(1012, 'n2', 'adopted', HELD);
    story.says(1013, 'n2', 'record-durable', { client: 'alice', epoch: 3 }).finish(1014, 'n1', 'n2');
    story.learns(1020, 'alice', 'session', { node: 'n2' });
    story.death(1200, 'n2', 'n1', 'n3').back(1300, 'n2', 'n1', 'n3');
    story.learns(1310, 'alice', 'recovery-begin', { node: 'n2' });
    story.reclaim(1320, 'alice', { node: 'n2' });
    story.learns(1330, 'alice', 'reclaim-complete', { node: 'n2' });
    t.equal(authority(story.finish(1340, 'n2')).verdict, verdict);
  }
});

t.test(
  'I2: what the taker has held for as long as a grace may last, and she never came for, others may have',
  async (t) => {
    for (const [until, verdict] of [
      [11_100, 'valid'],
      [1500, 'violation'],
    ] as const) {
      const { mode: _, peer: __, ...released } = HELD;
      const story = moving().renews(960, 13_000, 'alice').handOver(1010, 'n1', 'n1');
      story.says(1012, 'n2', 'adopted', HELD).finish(1014, 'n1', 'n2').renews(3000, 13_000, 'carol');
      story
        .says(until, 'n2', 'release', released)
        .lock(until + 10, 'carol')
        .told(13_000, 'alice');
      t.equal(noTheft(context(story.end(13_500))).verdict, verdict);
    }
  },
);

t.test('not before it is handed over, nor at another node', async (t) => {
  const early = moving().reclaim(1005, 'alice', { node: 'n2' }).handOver(1010, 'n1', 'n1');
  t.equal(authority(early).verdict, 'violation');
  t.equal(authority(arrived().reclaim(1030, 'alice', { node: 'n3' })).verdict, 'violation');
});

t.test('I4: not by anybody of whom the giver had no record', async (t) => {
  const story = arrived().reclaim(1030, 'carol', { node: 'n2' }).finish(1050, 'n1', 'n2');
  const { verdict, evidence } = authority(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /carol had not completed its recovery in the life of n1/);
});

t.test('M8: a lock that was let go for the move, and given to somebody else', async (t) => {
  const story = arrived()
    .lock(1030, 'carol')
    .reclaim(1060, 'alice', { node: 'n2' }, 'RECLAIM_CONFLICT')
    .told(1070, 'alice');
  const { verdict, evidence } = noTheft(context(story));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /Theft: alice .* n1 let it go .handed to n2/);
});

t.test('her lease at the giver goes on, and proves nothing about what went', async (t) => {
  const lost = () =>
    moved()
      .renews(1100, 2000, 'alice')
      .finish(1100, 'n1', 'n2')
      .lock(1500, 'carol')
      .unlock(1600, 'carol')
      .told(2010, 'alice');
  t.equal(exclusion(context(lost())).verdict, 'valid', 'she did not come in time');
  t.equal(
    exclusion(new CheckContext(lost().history)).verdict,
    'violation',
    'where addresses move, a lease that goes on is that of the node that answers there',
  );
});

t.test('the requests of a client of the giver are answered by the giver', async (t) => {
  const story = moved().lock(1400, 'alice', {}, 'MOVED').finish(1500, 'n1', 'n2');
  const [, asked] = context(story).operations.all.filter(({ client }) => client === 'alice');
  t.same(context(story).servers(asked!), ['n1']);
});
