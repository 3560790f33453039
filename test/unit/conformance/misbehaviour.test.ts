/** What each row's test is for: a server that breaks the rule is found out, and our own is not. */
import t from 'tap';
import type { Outcome } from '../../../src/conformance/outcome.ts';
import { BROKEN_ROWS } from './fixtures/broken-rows.ts';
import { SimulatedServer } from './fixtures/simulated-server.ts';

for (const { row, wrong, how, found, peer } of BROKEN_ROWS) {
  t.test(`row ${row}: ${wrong}`, async (t) => {
    const server = await SimulatedServer.start(t, how);
    const { rows } = await server.run([row], peer ? { peer: server } : {});
    t.match(rows, [{ outcome: 'fail' }]);
    t.match(rows[0]?.tests.map(({ detail }) => detail).join('\n'), found);
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

t.test('each row that can be judged has a server that breaks it', async (t) => {
  const broken = new Set(BROKEN_ROWS.map(({ row }) => row));
  const without = Array.from({ length: 36 }, (_, index) => index + 1).filter((row) => !broken.has(row));
  t.same(without, [29, 30]);
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

t.test('without a helper what needs a restart is not applicable, and the rest is judged', async (t) => {
  const server = await SimulatedServer.start(t);
  const { rows } = await server.run([1, 13], { helper: false });
  t.match(rows, [
    { row: 1, outcome: 'not-applicable', detail: 'needs --helper' },
    { row: 13, outcome: 'pass' },
  ]);
});
