import fc from 'fast-check';
import t from 'tap';
import { asEpoch, asIncarnation, asNodeId, asView } from '../../../src/core/ids.ts';
import { NO_MUTANTS } from '../../../src/core/mutants.ts';
import { clientsOf, type Estate, estateText } from '../../../src/server/estates/estate.ts';

const life = (node: string, incarnation: number) => ({
  node: asNodeId(node),
  incarnation: asIncarnation(incarnation),
});
const OF = {
  service: asNodeId('n1'),
  giver: life('n1', 3),
  taker: life('n2', 5),
  recoveryEpoch: asEpoch(7),
  view: asView(20),
};

const hex = fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const range = fc.record({
  start: offset,
  end: fc.option(offset),
  mode: fc.constantFrom('read' as const, 'write' as const),
});
const open = fc.record({
  owner: hex,
  access: fc.integer({ min: 1, max: 3 }),
  deny: fc.integer({ min: 0, max: 3 }),
  locks: fc.array(fc.record({ owner: hex, ranges: fc.array(range, { maxLength: 3 }) })),
});
const clients = fc.uniqueArray(
  fc.record({
    ownerId: hex,
    principal: fc.string(),
    verifier: hex,
    files: fc.array(
      fc.record({ handle: hex, path: fc.string(), opens: fc.array(open, { minLength: 1, maxLength: 3 }) }),
    ),
  }),
  { selector: ({ ownerId, principal }) => `${ownerId} ${principal}` },
);

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each)));

t.test('what was written for this hand-over is read as it was', async (t) => {
  fc.assert(
    fc.property(clients, (held) => {
      const text = estateText({ ...OF, clients: held } as Estate);
      return JSON.stringify(plain(clientsOf(text, OF, NO_MUTANTS))) === JSON.stringify(plain(held));
    }),
  );
  t.pass();
});

t.test('what is cut off anywhere, or of any other hand-over, is nobody’s', async (t) => {
  const text = estateText({ ...OF, clients: [] });
  for (let length = 0; length < text.length; length += 1)
    t.equal(clientsOf(text.slice(0, length), OF, NO_MUTANTS), null);
  for (const other of [
    { service: asNodeId('n3') },
    { giver: life('n1', 4) },
    { giver: life('n3', 3) },
    { taker: life('n2', 6) },
    { recoveryEpoch: asEpoch(8) },
    { view: asView(21) },
  ])
    t.equal(clientsOf(text, { ...OF, ...other }, NO_MUTANTS), null);
  t.same(clientsOf(text, { ...OF, view: asView(19) }, NO_MUTANTS), [], 'seen before it was written');
});

t.test('nor is what names a client twice, which could not be taken over for both', async (t) => {
  const alice = { ownerId: '61', principal: 'sys:0@c', verifier: '00', files: [] };
  const text = (twice: typeof alice) => estateText({ ...OF, clients: [alice, twice] });
  t.equal(clientsOf(text(alice), OF, NO_MUTANTS), null);
  t.equal(clientsOf(text({ ...alice, principal: '4.0 sys:0@c' }), OF, NO_MUTANTS)?.length, 2);
});
