/** C11: what the taker of an address says that it held for clients who had not come yet. */
import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { coverageOf } from '../../../src/check/coverage.ts';
import { noTheft } from '../../../src/check/no-theft.ts';
import { reclaimAuthority } from '../../../src/check/reclaim-authority.ts';
import type { NodeEvent } from '../../../src/history/events.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => reclaimAuthority(new CheckContext(story.end(9000).history));

/** Alice holds [0, 100) of f; her address moves from n1 to n2, which says that it holds that for her, and grace is over. */
function moved(held: Partial<NodeEvent> | null = {}, toldMs = 1012): Story {
  const story = Story.quiet(['n1', 'n2', 'n3']).client(20, 'alice', 'n1').client(21, 'bob', 'n3');
  story.lock(30, 'alice').renews(40, 900, 'alice');
  story.migrate(1000, 'n1', 'n2').handOver(1010, 'n1', 'n1');
  if (held !== null) story.says(toldMs, 'n2', 'adopted', { ...ALL, ...held });
  return story.finish(1020, 'n1', 'n2');
}
const ALL = {
  client: 'alice',
  owner: 'o',
  op: 'lock',
  file: 'f',
  mode: 'write',
  span: { start: 0, end: 100 },
  peer: 'n1',
} as const;

const comes = (story: Story, ms = 1100) => story.recovers(ms, 'alice');

t.test('a reclaim after the lift of what was held all the while is as good as one in grace', async (t) => {
  const story = comes(moved()).reclaim(1110, 'alice').completes(1120, 'alice');
  t.equal(check(story).verdict, 'valid');
  t.equal(coverageOf(new CheckContext(story.history)).adopted, 1);
});

t.test(
  'no false alarm: the claims of that address are done, and the node serves those of another one',
  async (t) => {
    const story = Story.quiet(['n1', 'n2', 'n3']).client(20, 'alice', 'n1').lock(30, 'alice');
    story.renews(40, 900, 'alice').death(950, 'n3', 'n1', 'n2').inherit(960, 'n3', 'n2');
    story.migrate(1000, 'n1', 'n2').handOver(1010, 'n1', 'n1').says(1012, 'n2', 'adopted', ALL);
    comes(story.finish(1020, 'n1', 'n2')).reclaim(1110, 'alice');
    t.same(check(story.finish(1200, 'n3', 'n2')).evidence, []);
  },
);

for (const [what, held] of [
  ['nothing', null],
  ['half of it', { span: { start: 0, end: 50 } }],
  ['a weaker lock', { mode: 'read' }],
  ['that of another owner', { owner: 'p' }],
  ['that of another client', { client: 'bob' }],
  ['that of another file', { file: 'g' }],
] as const) {
  t.test(`a reclaim after the lift where ${what} was held is a violation`, async (t) => {
    const { verdict, evidence } = check(comes(moved(held)).reclaim(1110, 'alice'));
    t.equal(verdict, 'violation');
    t.match(evidence[0]?.sentence, /Reclaim at the wrong time: .* no grace was running/);
  });
}

t.test('a reclaim of what was held, and let go of since, is a violation', async (t) => {
  const { mode: _, peer: __, ...released } = ALL;
  const story = comes(moved().says(1050, 'n2', 'release', released)).reclaim(1110, 'alice');
  t.equal(check(story).verdict, 'violation');
});

t.test('a lock that the taker says it holds, and somebody else is given, is stolen', async (t) => {
  const story = moved().lock(1050, 'bob');
  const { verdict, evidence } = noTheft(new CheckContext(comes(story).end(9000).history));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /Theft: alice .* n1 let it go .handed to n2/);
});

/** The taker dies when alice has come to it and not completed there. */
function takerDies(story: Story, recordedMs = 1013): Story {
  story.says(recordedMs, 'n2', 'record-durable', { client: 'alice', epoch: 3 });
  comes(story).fault(1150, 'begin', 'power-cut', 'n2');
  story.opens('n1').death(1200, 'n2', 'n1', 'n3').back(1300, 'n2', 'n1', 'n3');
  story.recovers(1310, 'alice').reclaim(1320, 'alice').completes(1330, 'alice');
  return story.finish(1340, 'n1', 'n2').finish(1341, 'n2');
}

t.test('I4: who was taken over, and put on record by that life, reclaims after its death', async (t) => {
  t.same(check(takerDies(moved())).evidence, []);
});

t.test(
  'no false alarm: the taker knows of the hand-over, and has done all that, before the giver has its answer',
  async (t) => {
    t.same(check(takerDies(moved({}, 1010.05), 1010.1)).evidence, []);
  },
);

t.test('I4: who was not taken over has no right by a record that it never completed for', async (t) => {
  const { verdict, evidence } = check(takerDies(moved(null)));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /had not completed its recovery since the address of n1 was handed to n2/);
});
