import t from 'tap';
import { SIMULATED_AGENTS } from '../../../src/cli/simulation/agents.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { violatedIn } from '../../../src/sim/campaign.ts';
import { simulate } from '../../../src/sim/simulate.ts';

/** Which member of the store a life asks first is drawn, so that not every seed comes to the point. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** By seed: which checks found something. */
async function found(name: string, mutants: readonly MutantId[]): Promise<string[][]> {
  const loaded = await loadScenario(new URL(`fixtures/${name}.yaml`, import.meta.url).pathname);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const all: string[][] = [];
  for (const seed of SEEDS) {
    const simulated = await simulate({ scenario: loaded.scenario, seed, mutants }, SIMULATED_AGENTS);
    if (simulated.failure !== null) throw new Error(simulated.failure);
    all.push([...violatedIn(simulated)]);
  }
  return all;
}

for (const [mutant, name, rule] of [
  ['D4', 'unheard-answer', 'an acknowledgement whose answer was not heard counts for no later grace'],
  ['D8', 'late-write', 'what a dead life had sent is not written when the next life has spoken'],
] as const) {
  t.test(`${mutant}: ${rule}`, async (t) => {
    t.strictSame(
      await found(name, []),
      SEEDS.map(() => []),
    );
    t.ok((await found(name, [mutant])).some((checks) => checks.includes('no-theft')));
  });
}
