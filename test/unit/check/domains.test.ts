import t from 'tap';
import { COVERAGE_NAMES } from '../../../src/check/coverage.ts';
import { judge } from '../../../src/check/judge.ts';
import type { History } from '../../../src/history/events.ts';
import { powerCut, recovered } from './fixtures/reboot.ts';
import { Story, together } from './fixtures/story.ts';

const options = { scenario: 'domains', require: ['no-theft', 'reclaim-authority', 'bounded-grace'] };
const judged = (history: History) => judge(history, options);
const check = (history: History, name: string) => judged(history).checks.find((each) => each.name === name)!;

/** n2 serves this domain with n3, which is quiet for all of the run. */
const quiet = () =>
  Story.quiet(['n2', 'n3']).client(20, 'dora', 'n2').client(20, 'emil', 'n3').renews(100, 3000, 'dora');

const both = (home: Story, work: Story = quiet()) => together({ home, work });

t.test('C12: each domain is judged by its own ledger', async (t) => {
  const history = both(recovered().end(3000));
  t.equal(judged(history).verdict, 'valid');
  t.equal(check(history, 'reclaim-authority').judged, 1);
  const inGrace = both(recovered().end(3000), quiet().lock(1550, 'dora'));
  t.equal(
    check(inGrace, 'grace-enforcement').verdict,
    'unknown',
    'no grace ran in the domain that dora asked in',
  );
});

t.test(
  'C12: the same grant in the domain whose grace runs is a violation, and the evidence says where',
  async (t) => {
    const history = both(recovered().lock(1550, 'bob', { file: 'g' }).end(3000), quiet().lock(1550, 'dora'));
    const { verdict, evidence } = check(history, 'grace-enforcement');
    t.equal(verdict, 'violation');
    t.equal(evidence.length, 1);
    t.match(evidence[0]?.sentence, /^In domain home: New state in grace: bob/);
    for (const { index, t: at } of evidence[0]!.events)
      t.equal(history[index]?.t, at, 'the place in the whole history');
  },
);

t.test('C12: files of one name in two domains are two files', async (t) => {
  const theft = both(powerCut().death(1050, 'n1', 'n2').end(3000), quiet().lock(1010, 'dora'));
  t.equal(check(theft, 'no-theft').verdict, 'valid');
  t.equal(check(theft, 'exclusion').verdict, 'valid');
});

t.test('what was judged is added up, and the worst verdict counts', async (t) => {
  const twice = () => together({ home: recovered(), work: renamed() });
  t.equal(check(twice(), 'reclaim-authority').judged, 2);
  t.equal(check(twice(), 'reclaim-authority').verdict, 'valid');
  const broken = together({ home: recovered(), work: renamed().reclaim(1700, 'dora') });
  t.equal(check(broken, 'reclaim-authority').verdict, 'violation');
  t.equal(judged(broken).verdict, 'violation');
});

t.test('a domain that should have been judged and could not be makes unknown', async (t) => {
  const doubtful = both(recovered().end(3000), quiet().lock(2900, 'dora'));
  const { verdict, evidence } = check(doubtful, 'no-silent-loss');
  t.equal(verdict, 'unknown');
  t.ok(evidence.every(({ sentence }) => /^In domain (home|work): Nobody looked/.test(sentence)));
});

t.test('a node is asked to recover in the domains that it serves, and in each of them', async (t) => {
  const home = () =>
    recovered().lock(2000, 'alice', { file: 'p1' }).lock(2000, 'bob', { file: 'p2' }).end(3000);
  const work = () => quiet().lock(2000, 'dora', { file: 'p2' }).lock(2000, 'emil', { file: 'p3' });
  t.equal(check(both(home(), work()), 'recovers').verdict, 'valid');
  const withoutLedger = both(home(), work()).filter(({ kind }) => kind !== 'ledger');
  t.equal(check(withoutLedger, 'recovers').verdict, 'valid');
  const { verdict, evidence } = check(both(home(), quiet().lock(2000, 'emil')), 'recovers');
  t.equal(verdict, 'unknown');
  t.match(evidence[0]?.sentence, /^In domain work: Nobody asked n2/);
});

t.test('C12: a grant in one domain while the node is in the grace of another is counted', async (t) => {
  const granted = both(recovered().end(3000), quiet().lock(1550, 'dora').lock(1550, 'emil', { file: 'g' }));
  t.equal(judged(granted).coverage.grantedInOtherDomain, 1, 'n3 is in no grace at all');
  const after = both(recovered().end(3000), quiet().lock(1590, 'dora', {}, 'ok', 20));
  t.equal(judged(after).coverage.grantedInOtherDomain, 0, 'it was answered after the lift');
});

t.test('a fault that names a domain is of that one alone', async (t) => {
  const cut = both(recovered().end(3000));
  const inHome = cut.map((event) => (event.kind === 'fault' ? { ...event, domain: 'home' } : event));
  const inWork = cut.map((event) => (event.kind === 'fault' ? { ...event, domain: 'work' } : event));
  const barriers = [cut, inHome, inWork].map((history) => judged(history).timings.detectionToBarrierMs);
  t.equal(barriers[1], barriers[0]);
  t.not(barriers[2], barriers[0], 'nobody died in the other one');
  const elsewhere = cut.map((event) => (event.kind === 'fault' ? { ...event, domain: 'play' } : event));
  t.match(judged(elsewhere).reasons.join(), /names the domain play, which is not one of the run/);
});

t.test('faults are those of the run, however many domains see them', async (t) => {
  const { coverage, timings } = judged(both(recovered().end(3000)));
  t.match(coverage, { fault: 1, 'power-cut': 1, reclaim: 1 });
  t.match(timings, { detectionMs: 50.2, graceMs: 600.2 });
  t.same(Object.keys(coverage), COVERAGE_NAMES);
});

t.test('what cannot be told to be of a domain leaves all unknown', async (t) => {
  const history = both(recovered().end(3000));
  const unnamed = history.map((event) => {
    if (event.kind !== 'ledger') return event;
    const { domain: _, ...rest } = event;
    return rest;
  });
  const verdict = judged(unnamed);
  t.equal(verdict.verdict, 'unknown');
  t.ok(verdict.checks.every((each) => each.verdict === 'unknown'));
  t.match(
    verdict.checks[0]?.evidence[0]?.sentence,
    /domains home, work, and event 1 \(ledger\) names no domain/,
  );
});

t.test('a run of one domain is judged as if nothing had been said of domains', async (t) => {
  const { history } = recovered().lock(1550, 'bob', { file: 'g' }).end(3000);
  const cluster = { nodes: ['n1', 'n2'], leaseMs: 1000, graceMs: 2000 };
  const named = { ...cluster, domains: [{ name: 'main', nodes: ['n1', 'n2'] }] };
  t.equal(
    JSON.stringify(judge(history, { ...options, cluster: named })),
    JSON.stringify(judge(history, options)),
  );
});

/** What `recovered()` tells, of other clients in a domain of the same nodes. */
function renamed(): Story {
  const story = Story.quiet().client(20, 'dora', 'n1').client(20, 'fritz', 'n2').lock(100, 'dora');
  story.renews(200, 950, 'dora').death(1050, 'n1', 'n2').back(1500, 'n1', 'n2').recovers(1510, 'dora');
  return story.reclaim(1520, 'dora').completes(1530, 'dora').finish(1600, 'n1');
}
