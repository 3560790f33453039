import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { coverageOf } from '../../../src/check/coverage.ts';
import { noTheft } from '../../../src/check/no-theft.ts';
import { timingsOf } from '../../../src/check/timings.ts';
import { Story } from './fixtures/story.ts';

const reached = (story: Story) => coverageOf(new CheckContext(story.history));
const three = () => Story.quiet(['n1', 'n2', 'n3']).client(20, 'alice', 'n1').client(20, 'bob', 'n2');

t.test('a fenced life counts once, whoever had it fenced', async (t) => {
  const fenced = three().fault(1000, 'begin', 'pause', 'n3').fence(2000, 'n3', 'n1');
  t.match(reached(fenced), { fencedNode: 1 });
  t.match(
    reached(
      fenced.says(2050, 'n2', 'fencing', { peer: 'n3' }).says(2060, 'n2', 'fenced-peer', { peer: 'n3' }),
    ),
    {
      fencedNode: 1,
    },
  );
  t.match(reached(fenced.boot(3000, 'n3').fence(4000, 'n3', 'n1')), { fencedNode: 2 }, 'another life');
  t.match(timingsOf(new CheckContext(fenced.history)), { fencingMs: 51.2 });
});

t.test('a life that the lab ended counts where its beacon tells of it before the fencer does', async (t) => {
  const ended = three().fault(1000, 'begin', 'pause', 'n3').fault(2000, 'begin', 'fence', 'n3');
  const known = ended.death(2010, 'n3', 'n1', 'n2').back(2100, 'n3', 'n1', 'n2');
  t.match(reached(known), { fencedNode: 1 });
  const late = { peer: 'n3', detail: 'life 1' };
  t.match(reached(known.says(2700, 'n1', 'fenced-peer', late)), { fencedNode: 1 }, 'of that life, said late');
});

t.test('a death that a person confirmed is no fencing, and one that failed has no end', async (t) => {
  const confirmed = three().fault(1000, 'begin', 'pause', 'n3').says(1900, 'n1', 'fencing', { peer: 'n3' });
  confirmed.says(1950, 'n1', 'fence-failed', { peer: 'n3' });
  t.notOk('fencingMs' in timingsOf(new CheckContext(confirmed.history)));
  t.match(reached(confirmed.declareDown(2000, 'n3', 'operator', 'confirm-death')), { fencedNode: 0 });
});

t.test('members that come and go while grace runs', async (t) => {
  t.match(reached(three().death(1000, 'n1', 'n2', 'n3').admit(1100, 'n4').back(1200, 'n1')), {
    membersChangedInGrace: 1,
  });
  t.match(reached(three().admit(1100, 'n4').death(1200, 'n1', 'n2', 'n3')), { membersChangedInGrace: 0 });
  const retired = three().death(1000, 'n1', 'n2', 'n3').death(1100, 'n3', 'n2').finish(1200, 'n3', 'n2');
  t.match(reached(retired.retire(1210, 'n3').finish(3300, 'n1', 'n2')), { membersChangedInGrace: 1 });
});

/** n1 is without its store from 1 s to 2 s. */
const outage = () => three().says(1000, 'n1', 'store-unavailable').says(2000, 'n1', 'store-back');

t.test('a node without its store refuses, and grants again by itself', async (t) => {
  const story = outage()
    .lock(1500, 'alice', {}, 'GRACE')
    .lock(1500, 'bob', { file: 'g' })
    .lock(2100, 'alice');
  t.match(reached(story), { storeOutage: 1, refusedWithoutStore: 1, resumedByItself: 1, gaveUp: 0 });
});

t.test('a refusal that something else explains is not for the missing store', async (t) => {
  t.match(reached(outage().lock(1500, 'alice', {}, 'DENIED')), { refusedWithoutStore: 0 });
  t.match(reached(outage().lock(1500, 'bob', {}, 'GRACE')), { refusedWithoutStore: 0 }, 'n2 had its store');
  t.match(
    reached(outage().lock(1990, 'alice', {}, 'GRACE', 20)),
    { refusedWithoutStore: 0 },
    'answered later',
  );
  const inGrace = outage().death(1400, 'n3', 'n2', 'n1').lock(1500, 'alice', {}, 'GRACE');
  t.match(reached(inGrace), { refusedWithoutStore: 0 });
});

t.test('a node that gave up did not resume by itself', async (t) => {
  const gone = () => three().says(1000, 'n1', 'store-unavailable').says(1500, 'n1', 'gave-up');
  t.match(reached(gone().back(1700, 'n1').finish(1800, 'n1').lock(2100, 'alice')), {
    storeOutage: 1,
    resumedByItself: 0,
    gaveUp: 1,
  });
});

t.test('I2: a node that gives up dies by it, and its clients are protected', async (t) => {
  const story = three().lock(900, 'alice').says(1000, 'n1', 'store-unavailable').says(1500, 'n1', 'gave-up');
  const { verdict, evidence } = noTheft(new CheckContext(story.lock(1510, 'bob').history));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /n1 died \(it gave up/);
});
