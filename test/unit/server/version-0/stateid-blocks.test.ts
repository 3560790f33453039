import t from 'tap';
import type { Client } from '../../../../src/server/state/clients.ts';
import { StateidBlocks } from '../../../../src/server/state/stateid-blocks.ts';

const FIRST = 2 ** 47;
const clientNamed = (name: string) => ({ name }) as Client;

t.test('indices are given out once, are of 48 bits, and lie apart', (t) => {
  const blocks = new StateidBlocks(0x1234_5678);
  const alice = clientNamed('alice');
  const given = Array.from({ length: 200_000 }, () => blocks.next(alice));
  t.equal(new Set(given).size, given.length, 'over several blocks');
  t.ok(given.every((index) => index >= FIRST && index < 2 ** 48));
  const all = new Set(given);
  const neighbours = given.filter((index) => all.has(index + 1) || all.has(index ^ 2)).length;
  t.ok(neighbours < 100, `${neighbours} have a neighbour`);
  t.end();
});

t.test('an index is of a gone client when its client is gone, and else not', (t) => {
  const blocks = new StateidBlocks(7);
  const [alice, bob] = [clientNamed('alice'), clientNamed('bob')];
  const hers = Array.from({ length: 70_000 }, () => blocks.next(alice));
  const his = blocks.next(bob);
  t.notOk(hers.some((index) => blocks.isOfGoneClient(index)));
  blocks.release(alice);
  t.ok(hers.every((index) => blocks.isOfGoneClient(index)));
  t.notOk(blocks.isOfGoneClient(his));
  for (const never of [0, 1, FIRST - 1, FIRST + 2 ** 46, 2 ** 48 - 1]) t.notOk(blocks.isOfGoneClient(never));
  t.not(new StateidBlocks(8).next(alice), hers[0], 'another life, other indices');
  t.end();
});
