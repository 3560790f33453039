import t from 'tap';
import { pathThere, serversOf, whileMoved } from '../../../src/conformance/moved-export.ts';
import { NotApplicable, Unjudged } from '../../../src/conformance/outcome.ts';
import type { HelperOutcome } from '../../../src/conformance/server-helper.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { settle } from './fixtures/simulated-run.ts';

type Answer = HelperOutcome | Error;
/** One for each call, the last one for all others. */
type Answers = Readonly<Record<string, readonly Answer[]>>;

/** What happens in which order, when the helper answers like this. */
async function journalOf(answers: Answers, judge: () => void = () => {}) {
  const clock = new VirtualClock();
  const journal: string[] = [];
  const left = new Map(Object.entries(answers).map(([verb, each]) => [verb, [...each]]));
  const helper = {
    async call([verb]: readonly [string, ...string[]]) {
      journal.push(verb);
      const [answer = 'done', ...others] = left.get(verb) ?? [];
      if (others.length > 0) left.set(verb, others);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const moving = whileMoved({
    helper,
    clock,
    judge: async () => {
      journal.push('judged');
      judge();
    },
    untilBack: async () => void journal.push('looked'),
  }).then(
    () => null,
    (thrown: Error) => thrown,
  );
  return { journal, error: await settle(clock, moving) };
}

const THERE_AND_BACK = ['move-export', 'judged', 'return-export', 'looked'];

t.test('the filesystem is brought back, whatever came of the test', async (t) => {
  t.same(await journalOf({}), { journal: THERE_AND_BACK, error: null });
  const broken = new Error('the server went away');
  const { journal, error } = await journalOf({}, () => {
    throw broken;
  });
  t.same(journal, THERE_AND_BACK);
  t.equal(error, broken);
});

t.test('a move that failed may come late: it is undone, and the row cannot be judged', async (t) => {
  const failure = new Error('the helper ended with status 1 at move-export');
  const { journal, error } = await journalOf({
    'move-export': [failure],
    'return-export': [new Error('it is here')],
  });
  t.same(journal, ['move-export', 'return-export']);
  t.type(error, Unjudged);
  t.equal(error?.message, failure.message);
});

t.test('a helper that cannot move it, and one that cannot bring it back', async (t) => {
  const unable = await journalOf({ 'move-export': ['unknown-verb'] });
  t.same(unable.journal, ['move-export']);
  t.type(unable.error, NotApplicable);
  const oneWay = await journalOf({ 'return-export': ['unknown-verb'] });
  t.same(oneWay.journal, ['move-export', 'judged', 'return-export']);
  t.type(oneWay.error, Unjudged);
});

t.test('what cannot come back while grace runs is asked for again, and not for ever', async (t) => {
  const refusal = new Error('the helper ended with status 1 at return-export: in grace');
  const late = await journalOf({ 'return-export': [refusal, refusal, 'done'] });
  t.same(late.journal, [
    'move-export',
    'judged',
    'return-export',
    'return-export',
    'return-export',
    'looked',
  ]);
  t.equal(late.error, null);
  const { error, journal } = await journalOf({ 'return-export': [refusal] });
  t.type(error, Unjudged);
  t.equal(error?.message, refusal.message);
  t.notOk(journal.includes('looked'));
});

t.test('a path at the server that fs_locations names', async (t) => {
  const moved = { server: ['10.0.0.2'], rootPath: ['exports', 'home'] };
  const locations = { fsRoot: ['home'], locations: [moved] };
  t.same(pathThere(locations, ['home', 'alice']), ['exports', 'home', 'alice']);
  t.same(pathThere({ ...locations, fsRoot: [] }, ['alice']), ['exports', 'home', 'alice']);
  t.equal(pathThere(locations, ['work', 'alice']), null);
  t.equal(pathThere({ ...locations, locations: [] }, ['home', 'alice']), null);
});

t.test('whether a server that is named can be the peer', async (t) => {
  const named = (peer: string, ...server: string[]) =>
    serversOf({ fsRoot: [], locations: server.length === 0 ? [] : [{ server, rootPath: [] }] }, peer);
  t.same(named('10.0.0.2', '10.0.0.2'), { names: '10.0.0.2', mayBe: true });
  t.ok(named('10.0.0.2', '10.0.0.1', '10.0.0.2').mayBe);
  t.ok(named('10.0.0.2', '10.0.0.2.8.1').mayBe, 'with its port');
  t.ok(named('10.0.0.2', 'n2.example').mayBe, 'a name may stand for any address');
  t.ok(named('n2', '10.0.0.2').mayBe);
  t.ok(named('::2', '10.0.0.2').mayBe);
  t.notOk(named('10.0.0.2', '10.0.0.1').mayBe);
  t.notOk(named('10.0.0.2', '').mayBe);
  t.same(named('10.0.0.2'), { names: 'nobody', mayBe: false });
});
