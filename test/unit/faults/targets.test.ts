import fc from 'fast-check';
import t from 'tap';
import { type Population, resolveTargets } from '../../../src/faults/targets.ts';

const named = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);
const nodes = (count: number) => ({ nodes: named(count), stores: [] });
const first = () => 0;

function sizeOf(selector: string, count: number): number {
  const resolved = resolveTargets(selector, nodes(count), first);
  return resolved.ok ? resolved.targets.length : 0;
}

t.test('a minority leaves a majority standing, a majority does not', async (t) => {
  const sizes = (selector: string) => [1, 2, 3, 4, 5, 16].map((count) => sizeOf(selector, count));
  t.strictSame(sizes('one'), [1, 1, 1, 1, 1, 1]);
  t.strictSame(sizes('minority'), [0, 0, 1, 1, 2, 7]);
  t.strictSame(sizes('majority'), [1, 2, 2, 3, 3, 9]);
  t.strictSame(sizes('all'), [1, 2, 3, 4, 5, 16]);
});

t.test('a name means that node and needs no lot', async (t) => {
  const noLot = () => {
    throw new Error('a lot was drawn');
  };
  t.strictSame(resolveTargets('n2', nodes(3), noLot), { ok: true, targets: ['n2'] });
});

t.test('a target that does not exist is refused in one sentence', async (t) => {
  t.strictSame(resolveTargets('n9', nodes(2), first), {
    ok: false,
    error: 'there is no node "n9"; a target is one of one, minority, majority, all, n1, n2',
  });
  t.strictSame(resolveTargets('minority', nodes(2), first), {
    ok: false,
    error: 'a cluster of 2 nodes has no minority',
  });
});

t.test('every draw gives distinct nodes in the order of the cluster', async (t) => {
  const selector = fc.constantFrom('one', 'minority', 'majority', 'all');
  const lots = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
  const ordered = fc.property(selector, fc.integer({ min: 3, max: 16 }), lots, (selector, count, lots) => {
    const resolved = resolveTargets(selector, nodes(count), () => lots.next().value);
    if (!resolved.ok) return false;
    const places = resolved.targets.map((target) => named(count).indexOf(target));
    return places.every((place, index) => place > (places[index - 1] ?? -1));
  });
  t.doesNotThrow(() => fc.assert(ordered));
});

t.test('every node can be the one', async (t) => {
  const chosen = new Set(
    [0, 0.34, 0.67, 0.999].map((lot) => {
      const resolved = resolveTargets('one', nodes(3), () => lot);
      return resolved.ok ? resolved.targets[0] : undefined;
    }),
  );
  t.strictSame([...chosen], ['n1', 'n2', 'n3']);
});

t.test('members of the store are hit by name, or by words of their own', async (t) => {
  const all = { nodes: named(3), stores: ['e1', 'e2', 'e3'] };
  t.strictSame(resolveTargets('e2', all, first), { ok: true, targets: ['e2'] });
  t.strictSame(resolveTargets('store', all, first), { ok: true, targets: ['e1', 'e2', 'e3'] });
  t.match(resolveTargets('store-majority', all, first), { targets: ['e1', 'e2'] });
  t.match(resolveTargets('all', all, first), { targets: ['n1', 'n2', 'n3'] }, 'of the nodes alone');
  t.strictSame(resolveTargets('store-one', nodes(3), first), {
    ok: false,
    error: 'the ledger is a file on the shared filesystem, so there is no "store-one"',
  });
});

const ROLES: Population = {
  ...nodes(3),
  clients: ['alice', 'bob', 'carol'],
  ledgers: ['ledger'],
  playing: (role) => (role === 'survivor' ? ['n2', 'n3'] : []),
  serverOf: (client) => (client === 'carol' ? 'n2' : 'n1'),
};

t.test('a role means whoever plays it at that moment', async (t) => {
  t.strictSame(resolveTargets('survivor', ROLES, first), { ok: true, targets: ['n2', 'n3'] });
  t.strictSame(
    resolveTargets('one-survivor', ROLES, () => 0.9),
    { ok: true, targets: ['n3'] },
  );
  t.strictSame(resolveTargets('heir', ROLES, first), { ok: false, error: 'nobody is "heir" at the moment' });
  t.strictSame(resolveTargets('server-of-carol', ROLES, first), { ok: true, targets: ['n2'] });
  t.strictSame(resolveTargets('clients-of-n1', ROLES, first), { ok: true, targets: ['alice', 'bob'] });
  t.match(resolveTargets('clients-of-n3', ROLES, first), {
    error: 'no client is answered by n3 at the moment',
  });
  t.match(resolveTargets('server-of-dave', ROLES, first), { error: /there is no "dave"/ });
});

t.test('clients and ledgers are hit by name, or by words of their own', async (t) => {
  t.strictSame(resolveTargets('clients', ROLES, first), { ok: true, targets: ['alice', 'bob', 'carol'] });
  t.strictSame(
    resolveTargets('one-client', ROLES, () => 0.5),
    { ok: true, targets: ['bob'] },
  );
  t.strictSame(resolveTargets('bob', ROLES, first), { ok: true, targets: ['bob'] });
  t.strictSame(resolveTargets('ledger', ROLES, first), { ok: true, targets: ['ledger'] });
});
