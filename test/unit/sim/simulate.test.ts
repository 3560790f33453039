import t from 'tap';
import { SIMULATED_AGENTS } from '../../../src/cli/simulation/agents.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import type { Scenario } from '../../../src/scenario/scenario.ts';
import { violatedIn } from '../../../src/sim/campaign.ts';
import { scheduleOf } from '../../../src/sim/schedule.ts';
import { simulate } from '../../../src/sim/simulate.ts';

/** All of it takes five seconds of processor time; a machine that has other things to do may need a while. */
t.setTimeout(300_000);

const SMALL = { nodes: 3, clients: 3, durationMs: 2000 };

const run = (scenario: Scenario, seed: number, mutants: readonly MutantId[] = []) =>
  simulate({ scenario, seed, mutants }, SIMULATED_AGENTS);

async function shipped(name: string): Promise<Scenario> {
  const loaded = await loadScenario(new URL(`../../../scenarios/${name}.yaml`, import.meta.url).pathname);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.scenario;
}

t.test('the same seed gives the same history, byte for byte, and another seed another one', async (t) => {
  const bytes = async (seed: number) => JSON.stringify((await run(scheduleOf(seed, SMALL), seed)).history);
  const first = await bytes(4);
  t.ok(first.length > 50_000, 'much happens in it');
  t.equal(await bytes(4), first);
  t.not(await bytes(5), first);
});

t.test('a scenario that ships comes to its verdict, whatever the seed', async (t) => {
  const scenario = await shipped('reboot');
  for (const seed of [1, 2]) {
    const { verdict, failure } = await run(scenario, seed);
    t.equal(failure, null);
    t.equal(verdict.verdict, 'valid');
    t.match(verdict, { runtime: 'simulation', seed });
  }
});

t.test('clients that do not keep to the book are refused, and are no false alarm', async (t) => {
  const { verdict, failure } = await run(await shipped('overstepping'), 1);
  t.equal(failure, null);
  t.equal(verdict.verdict, 'valid');
});

t.test('the clusters of several domains and of an etcd are simulated, too', async (t) => {
  for (const name of ['two-domains', 'ledger-lost']) {
    const { verdict, failure } = await run(await shipped(name), 1);
    t.equal(failure, null, name);
    t.equal(verdict.verdict, 'valid', name);
  }
});

/** Mutant, scenario, the check that finds it. */
const FOUND = [
  ['D12', 'lost-update', 'guarded-data'],
  ['D7', 'ledger-trouble', 'no-theft'],
  ['D11', 'barrier', 'reclaim-authority'],
  ['D14', 'reboot', 'grace-enforcement'],
  ['D9', 'record-timing', 'reclaim-authority'],
  ['D1', 'membership', 'no-theft'],
  ['D10', 'overstepping', 'reclaim-authority'],
  ['D13', 'overstepping', 'bounded-grace'],
  ['D17', 'overstepping', 'grace-enforcement'],
  ['D18', 'abandoned', 'guarded-data'],
  ['M12', 'between-nodes', 'guarded-data'],
  ['M15', 'crash-at-expiry', 'reclaim-authority'],
] as const;

for (const [mutant, scenario, check] of FOUND) {
  t.test(`${mutant} is found by ${check} in ${scenario}`, async (t) => {
    const simulated = await run(await shipped(scenario), 1, [mutant]);
    t.ok(violatedIn(simulated).includes(check));
  });
}
