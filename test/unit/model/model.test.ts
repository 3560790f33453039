import t from 'tap';
import { MUTANTS, type MutantId } from '../../../src/core/mutants.ts';
import type { ModelBounds } from '../../../src/model/bounds.ts';
import { explore } from '../../../src/model/explore.ts';
import { MUTANT_BOUNDS, NO_FAULTS } from '../../../src/model/mutant-bounds.ts';

const run = (bounds: Partial<ModelBounds>) =>
  explore({ ...NO_FAULTS, mutants: new Set(), ...bounds }, { maxStates: 5_000_000, liveness: true });

const CLEAN: Record<string, Partial<ModelBounds>> = {
  'two nodes, two crashes': { crashes: 2 },
  'three nodes, one crash': { nodes: 3, crashes: 1 },
  'a planned stop beside a crash': { crashes: 1, stops: 1 },
  'an answer of the store lost beside a crash': { crashes: 1, unknowns: 1 },
  'a member admitted or retired, and one lost for good': { memberships: 1, losses: 1 },
  'a lease that runs out beside a crash': { crashes: 1, expiries: 1 },
  'D19: a filesystem that drops a live node’s locks': { drops: 1, crashes: 1, beaconProvesDeath: false },
};

for (const [name, bounds] of Object.entries(CLEAN)) {
  t.test(`I1 to I4, I6 and I8 hold: ${name}`, async (t) => {
    const result = run(bounds);
    t.same(result.violations, []);
    t.equal(result.exhaustive, true);
    t.ok(result.states > 50, `${result.states} states`);
  });
}

for (const [id, bounds] of Object.entries(MUTANT_BOUNDS)) {
  t.test(`${id} is found: ${MUTANTS[id as MutantId]}`, async (t) => {
    const { violations } = run({ ...bounds, mutants: new Set([id as MutantId]) });
    t.equal(violations.length, 1);
    t.ok(
      violations[0]!.trace.length > 1,
      `${violations[0]!.invariant}, in ${violations[0]!.trace.length} steps`,
    );
    t.same(run(bounds).violations, [], 'and nothing is within the same bounds without it');
  });
}
