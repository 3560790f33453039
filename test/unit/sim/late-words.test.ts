import t from 'tap';
import { SIMULATED_AGENTS } from '../../../src/cli/simulation/agents.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { violatedIn } from '../../../src/sim/campaign.ts';
import { simulate } from '../../../src/sim/simulate.ts';

/** By seed: which checks found something. */
async function found(name: string, seeds: number, mutants: readonly MutantId[] = []): Promise<string[][]> {
  const loaded = await loadScenario(new URL(`fixtures/${name}.yaml`, import.meta.url).pathname);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const all: string[][] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const simulated = await simulate({ scenario: loaded.scenario, seed, mutants }, SIMULATED_AGENTS);
    if (simulated.failure !== null) throw new Error(simulated.failure);
    all.push([...violatedIn(simulated)]);
  }
  return all;
}

for (const [mutant, name, seeds, rule] of [
  ['D4', 'unheard-answer', 2, 'an acknowledgement whose answer was not heard counts for no later grace'],
  // Which member of the store a life asks first is drawn, so that not every seed comes to the point.
  ['D8', 'late-write', 8, 'what a dead life had sent is not written when the next life has spoken'],
] as const) {
  t.test(`${mutant}: ${rule}`, async (t) => {
    t.strictSame((await found(name, seeds)).flat(), []);
    t.ok((await found(name, seeds, [mutant])).flat().includes('no-theft'));
  });
}
