/** What each row's test is for: a server that breaks the rule is found out, and our own is not. */
import t from 'tap';
import type { Outcome } from '../../../src/conformance/outcome.ts';
import { BROKEN_CLUSTER_ROWS } from './fixtures/broken-cluster-rows.ts';
import { BROKEN_ROWS } from './fixtures/broken-rows.ts';
import { SimulatedCluster } from './fixtures/simulated-cluster.ts';
import { SimulatedServer } from './fixtures/simulated-server.ts';

for (const { row, wrong, how, found, peer } of BROKEN_ROWS) {
  t.test(`row ${row}: ${wrong}`, async (t) => {
    const server = await SimulatedServer.start(t, how);
    const { rows } = await server.run([row], peer ? { peer: server } : {});
    t.match(rows, [{ outcome: 'fail' }]);
    t.match(rows[0]?.tests.map(({ detail }) => detail).join('\n'), found);
  });
}

for (const { row, wrong, how, found } of BROKEN_CLUSTER_ROWS) {
  t.test(`row ${row}: ${wrong}`, async (t) => {
    const cluster = await SimulatedCluster.start(t, how);
    const { rows, warnings } = await cluster.run([row]);
    t.match(rows, [{ outcome: 'fail' }]);
    t.match(rows[0]?.tests.map(({ detail }) => detail).join('\n'), found);
    t.equal(await cluster.servedBy(), 'n1', 'it is brought back all the same');
    t.same(warnings, []);
  });
}

t.test('our own server holds every row', async (t) => {
  const server = await SimulatedServer.start(t);
  const everything = Array.from({ length: 36 }, (_, index) => index + 1);
  const { rows } = await server.run(everything);
  const of = (outcome: Outcome) => rows.filter((row) => row.outcome === outcome).map(({ row }) => row);
  t.same(
    rows.filter(({ outcome }) => outcome === 'fail' || outcome === 'unknown'),
    [],
  );
  t.same(of('not-applicable'), [28, 29, 30]);
});

t.test('rows 29 and 30: two nodes of our own that share two filesystems', async (t) => {
  const cluster = await SimulatedCluster.start(t);
  const { rows, warnings } = await cluster.run([29, 30]);
  t.match(rows, [
    { row: 29, outcome: 'pass', detail: '' },
    { row: 30, outcome: 'pass', detail: '' },
  ]);
  t.equal(await cluster.servedBy(), 'n1');
  t.same(warnings, []);
});

t.test('each row has a server that breaks it', async (t) => {
  const broken = new Set([...BROKEN_ROWS, ...BROKEN_CLUSTER_ROWS].map(({ row }) => row));
  const without = Array.from({ length: 36 }, (_, index) => index + 1).filter((row) => !broken.has(row));
  t.same(without, []);
});

t.test('rows 27 and 28: two nodes of a cluster', async (t) => {
  const node = await SimulatedServer.start(t);
  const peer = await SimulatedServer.start(t, { serverOwner: () => 'another node' }, node.clock);
  const { rows } = await node.run([27, 28], { peer });
  t.match(rows, [
    { row: 27, outcome: 'pass', detail: '' },
    { row: 28, outcome: 'pass', detail: 'in part: the helper does not know migrate' },
  ]);
});

t.test('rows 29 and 30: what they need is said', async (t) => {
  const node = await SimulatedServer.start(t);
  const detailsOf = async (options: Parameters<typeof node.run>[1]) => {
    const { rows } = await node.run([29, 30], options);
    return rows.map(({ outcome, detail }) => `${outcome}: ${detail}`);
  };
  const both = (text: string) => [`not-applicable: ${text}`, `not-applicable: ${text}`];
  t.same(await detailsOf({}), both('needs --peer'));
  t.same(await detailsOf({ peer: node, helper: false }), both('needs --helper'));
  t.same(await detailsOf({ peer: node }), both('the helper does not know move-export'));
});

t.test(
  'a server that refuses for a moment longer is judged all the same, and one that goes on is not',
  async (t) => {
    const outcomeOf = async (refusesMs: number) => {
      const server = await SimulatedServer.start(t, { refusesMs });
      const { rows } = await server.run([1]);
      return rows.map(({ outcome, detail }) => `${outcome} ${detail}`);
    };
    t.same(await outcomeOf(200), ['pass ']);
    t.same(await outcomeOf(60_000), ['unknown no answer to a COMPOUND: reset']);
  },
);

t.test('without a helper what needs a restart is not applicable, and the rest is judged', async (t) => {
  const server = await SimulatedServer.start(t);
  const { rows } = await server.run([1, 13], { helper: false });
  t.match(rows, [
    { row: 1, outcome: 'not-applicable', detail: 'needs --helper' },
    { row: 13, outcome: 'pass' },
  ]);
});
