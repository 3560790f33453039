import t from 'tap';
import { explore } from '../../../src/model/explore.ts';
import { NO_FAULTS } from '../../../src/model/mutant-bounds.ts';

t.test(
  'I1 to I4, I6 and I8: three nodes, two clients, two crashes and every takeover, explored to the end',
  { timeout: 1_700_000 },
  async (t) => {
    const bounds = { ...NO_FAULTS, nodes: 3, crashes: 2, heirs: 2, mutants: new Set<never>() };
    const result = explore(bounds, { maxStates: 40_000_000, liveness: true });
    t.same(result.violations, []);
    t.equal(result.exhaustive, true);
    t.ok(result.states > 1_000_000, `${result.states} states`);
  },
);
