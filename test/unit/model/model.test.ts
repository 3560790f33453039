import t from 'tap';
import type { ModelBounds } from '../../../src/model/bounds.ts';
import { explore } from '../../../src/model/explore.ts';
import { NO_FAULTS } from '../../../src/model/mutant-bounds.ts';
import { run } from './fixtures/run.ts';

const CLEAN: Record<string, Partial<ModelBounds>> = {
  'three nodes, one crash, one takeover': { nodes: 3, crashes: 1, heirs: 1 },
  'a planned stop beside a crash and a takeover': { crashes: 1, stops: 1, heirs: 1 },
  'an address that moves as planned, while giver, taker or both crash': { crashes: 2, moves: 1, clients: 1 },
  'an address that moves and comes back, beside a crash and a takeover': {
    crashes: 1,
    moves: 2,
    heirs: 1,
    clients: 1,
  },
  'a planned move beside a planned stop': { moves: 1, stops: 1 },
  'a planned move and an answer of the store that is lost': { moves: 1, unknowns: 1, crashes: 1 },
  'a filesystem that moves as planned, while giver, taker or both crash': {
    filesystems: true,
    crashes: 2,
    moves: 1,
    clients: 1,
  },
  'a filesystem that moves, then another, or that comes home, beside a crash': {
    filesystems: true,
    crashes: 1,
    moves: 2,
    clients: 1,
  },
  'a filesystem that moves on to a third node': { filesystems: true, nodes: 3, moves: 2, clients: 1 },
  'a filesystem that moves beside a planned stop': { filesystems: true, moves: 1, stops: 1 },
  'a filesystem that moves, a node lost for good, and repairs': {
    filesystems: true,
    moves: 1,
    losses: 1,
    repairs: 1,
    clients: 1,
  },
  'a filesystem that moves, a lost answer of the store and a crash': {
    filesystems: true,
    crashes: 1,
    moves: 1,
    unknowns: 1,
    clients: 1,
  },
  'an answer of the store lost beside a crash and a takeover': { crashes: 1, unknowns: 1, heirs: 1 },
  'a member admitted or retired, and one lost for good': { memberships: 1, losses: 1, heirs: 1 },
  'a lease that runs out beside a crash and a takeover': { crashes: 1, expiries: 1, heirs: 1 },
  'a node that hangs for ever is fenced': { crashes: 1, hangs: 1 },
  'a node that is only slow is fenced': { crashes: 1, fences: 1, heirs: 1 },
  'an operator declares dead and abandons beside a takeover': { crashes: 1, repairs: 2, heirs: 1 },
  'the same where a beacon proves nothing': {
    drops: 1,
    hangs: 1,
    repairs: 1,
    clients: 1,
    beaconProvesDeath: false,
  },
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

t.test(
  'an operator’s word for a death that nothing shows is a violation: the beacon must be out',
  async (t) => {
    const bounds = { crashes: 1, repairs: 1 };
    t.equal(run({ ...bounds, trustsOperators: true }).violations.length, 1);
    t.same(run(bounds).violations, []);
  },
);

t.test('an operator’s word where a beacon proves nothing: the process must have been ended', async (t) => {
  const bounds = { drops: 1, repairs: 1, beaconProvesDeath: false };
  t.equal(run({ ...bounds, trustsOperators: true }).violations.length, 1);
  t.same(run(bounds).violations, []);
});

t.test('an exploration that would take too much memory ends and says so', async (t) => {
  const bounds = { ...NO_FAULTS, crashes: 2, mutants: new Set<never>() };
  const result = explore(bounds, { maxStates: 5_000_000, maxBytes: 1, liveness: true });
  t.equal(result.exhaustive, false);
  t.same(result.violations, []);
});
