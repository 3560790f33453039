import t from 'tap';
import { histories } from '../../../src/cli/simulation/histories.ts';
import type { Done, Order, Plan } from '../../../src/cli/simulation/order.ts';
import { Tally } from '../../../src/cli/simulation/tally.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import type { Scenario } from '../../../src/scenario/scenario.ts';

t.setTimeout(120_000);

const loaded = parseScenario(
  'name: quiet\ntitle: x\ncluster: { nodes: 1 }\nclients: { alice: n1 }\nsteps:\n  - lock: alice f 0..32',
  'x',
);
if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
const quiet = loaded.scenario;
/** As no loader lets it through. */
const impossible = { ...quiet, name: 'impossible', steps: null } as unknown as Scenario;

const planOf = (keeps: boolean): Plan => ({
  size: { nodes: 1, clients: 1, durationMs: 1000 },
  scenarios: [quiet, impossible],
  mutants: [],
  keeps,
});

async function all(plan: Plan, ...scenarios: readonly number[]): Promise<Done[]> {
  const orders = scenarios.map((scenario, index): Order => ({ index, seed: index + 1, scenario }));
  const told: Done[] = [];
  for await (const done of histories(plan, orders, 1, new AbortController().signal)) told.push(done);
  return told;
}

t.test('a history that a mistake of ours breaks off is unknown, and the others go on', async (t) => {
  const told = await all(planOf(false), 0, 1, 1, 0);
  t.strictSame(
    told.map(({ report }) => report.sentence?.startsWith('broken off by a mistake') ?? false),
    [false, true, true, false],
  );
  const [, broken] = told;
  t.match(broken!.report, { seed: 2, scenario: 'impossible', verdict: 'unknown' });
  t.match(broken!.verdict, { verdict: 'unknown', reasons: [broken!.report.sentence] });
});

t.test(
  'where nothing ever gets done, or a single one is asked for, the mistake is told as it is',
  async (t) => {
    await t.rejects(all(planOf(false), 1, 0), { message: /^seed 1 of impossible: / });
    await t.rejects(all(planOf(true), 1), { message: /^seed 1 of impossible: / });
  },
);

t.test('what is not valid is told by reason, with the seeds', async (t) => {
  const tally = new Tally();
  const report = { scenario: 'chaos', violations: [], simulatedMs: 1, events: 1 } as const;
  const unknown = (seed: number, sentence: string) =>
    tally.add({ ...report, seed, verdict: 'unknown', sentence });
  tally.add({ ...report, seed: 1, verdict: 'valid', sentence: null });
  unknown(2, 'nobody asked n2 for a new lock (3.5 s)');
  t.strictSame(tally.reasons(), [], 'the line of the only one says it all');
  tally.add({ ...report, seed: 3, verdict: 'violation', violations: ['no-theft'], sentence: 'Theft: a' });
  unknown(4, 'nobody asked n1 for a new lock (13.75 s)');
  t.strictSame(tally.reasons(), [
    '2 unknown: nobody asked n2 for a new lock (3.5 s): seeds 2, 4',
    '1 violation: no-theft: seed 3',
  ]);
});
