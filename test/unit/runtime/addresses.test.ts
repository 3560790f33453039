import t from 'tap';
import { addressOf, capacity, serviceAddressOf } from '../../../src/runtime/namespace/network.ts';

const ROLES = ['node', 'client', 'store'] as const;

t.test('each role has its own range, and service addresses have theirs', async (t) => {
  t.strictSame(
    ROLES.map((role) => addressOf(role, 0)),
    ['10.77.0.11', '10.77.1.1', '10.77.3.11'],
  );
  t.strictSame(
    ROLES.map((role) => serviceAddressOf(role, 0)),
    ['10.77.2.11', null, null],
  );
});

t.test('no two containers of a full lab share an address', async (t) => {
  const all = ROLES.flatMap((role) =>
    Array.from({ length: capacity(role) }, (_, index) => [
      addressOf(role, index),
      serviceAddressOf(role, index),
    ]),
  )
    .flat()
    .filter((address) => address !== null);
  t.equal(new Set(all).size, all.length);
  t.ok(all.every((address) => address.split('.').every((byte) => Number(byte) < 255)));
});
