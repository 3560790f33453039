import t, { type Test } from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { ANONYMOUS_STATEID } from '../../../../src/nfs4/types.ts';
import { NodeUnderTest } from '../fixtures/node-under-test.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

const { OPEN4_SHARE_ACCESS_READ: READ, OPEN4_SHARE_ACCESS_WRITE: WRITE, OPEN4_SHARE_ACCESS_BOTH: BOTH } = nfs;
const {
  OPEN4_SHARE_DENY_READ: DENY_READ,
  OPEN4_SHARE_DENY_WRITE: DENY_WRITE,
  OPEN4_SHARE_DENY_BOTH: DENY_BOTH,
} = nfs;

async function started(t: Test) {
  const node = new NodeUnderTest(t);
  return { node, alice: await new SessionlessTestClient(node, 'alice').start() };
}

t.test('RFC 7530 section 9.9: what an owner denies it denies itself, and every other owner', async (t) => {
  for (const [access, deny, wanted] of [
    [BOTH, DENY_READ, READ],
    [BOTH, DENY_WRITE, WRITE],
  ] as const)
    for (const owner of ['app', 'another']) {
      const { alice } = await started(t);
      await alice.opened('f', 'app', { access, deny });
      t.equal(await alice.open('f', owner, { access: wanted, create: false }), 'SHARE_DENIED', owner);
      t.equal(
        await alice.open('f', owner, { access: wanted, deny: DENY_WRITE, create: false }),
        'SHARE_DENIED',
      );
    }
});

t.test('what somebody has open cannot be denied', async (t) => {
  const { alice } = await started(t);
  await alice.opened('f', 'app', { access: BOTH });
  t.equal(
    await alice.open('f', 'another', { access: READ, deny: DENY_WRITE, create: false }),
    'SHARE_DENIED',
  );
});

t.test('an OPEN that comes again is the OPEN of before; a new one meets its own deny mode', async (t) => {
  const { alice } = await started(t);
  await alice.closeFile(await alice.opened('f'));
  const opening = alice.openCall(
    'app',
    { claim: nfs.CLAIM_NULL, file: 'f' },
    { access: READ, deny: DENY_BOTH, create: false },
  );
  const ops = [call(putRootFh, {}), opening] as const;
  const first = await alice.run(...ops);
  t.equal(first.status, 0);
  t.same((await alice.run(...ops)).results[1], first.results[1]);
  alice.count('app', 'OK');
  t.equal(await alice.open('f', 'app', { access: READ, deny: DENY_BOTH, create: false }), 'SHARE_DENIED');
});

t.test('I/O without an open is LOCKED where it is denied; with one it is by what was opened', async (t) => {
  const { alice } = await started(t);
  const denied = await alice.opened('f', 'app', { access: BOTH, deny: DENY_BOTH });
  t.equal(await alice.write(denied, 'data'), 'OK');
  t.equal(await alice.read(denied, ANONYMOUS_STATEID), 'LOCKED');
  t.equal(await alice.write(denied, 'more', ANONYMOUS_STATEID), 'LOCKED');
  t.equal(await alice.read(denied), 'OK data');
  const reader = await alice.opened('g', 'app', { access: READ });
  t.equal(await alice.write(reader, 'x'), 'OPENMODE');
  const writer = await alice.opened('h', 'app', { access: WRITE });
  t.equal(await alice.write(writer, 'x'), 'OK');
  t.equal(await alice.read(writer), 'OK x', 'a client fills the rest of a page');
});

t.test('OPEN_DOWNGRADE goes back to what was opened, through every order of opens', async (t) => {
  const { alice } = await started(t);
  const open = (access: number) => alice.opened('f', 'app', { access });
  await open(READ);
  for (const [access, back] of [
    [WRITE, READ],
    [WRITE, READ],
    [WRITE, WRITE],
  ] as const) {
    const file = await open(access);
    t.equal(await alice.downgrade(file, back), 'OK');
  }
  const file = await open(READ);
  t.equal(await alice.closeFile(file), 'OK');

  const both = await alice.opened('g', 'app', { access: BOTH });
  t.equal(await alice.downgrade(both, READ), 'INVAL', 'it was never opened for reading alone');
  await alice.opened('h', 'app', { access: WRITE });
  t.equal(await alice.downgrade(await alice.opened('h', 'app', { access: BOTH }), READ), 'INVAL');
});

t.test('an open that was refused leaves what others have as it is', async (t) => {
  const { node, alice } = await started(t);
  const file = await alice.opened('f', 'app', { access: BOTH, deny: DENY_WRITE });
  const bob = await new SessionlessTestClient(node, 'bob', { uid: 0, machine: 'elsewhere' }).start();
  t.equal(await bob.open('f', 'app', { access: WRITE, create: false }), 'SHARE_DENIED');
  const held = await alice.locked(file);
  t.equal(await alice.write(file, 'data'), 'OK');
  t.equal(await alice.unlock(held), 'OK');
  t.equal(await alice.closeFile(file), 'OK');
  t.equal(await alice.try(call(putFh, { object: file.handle })), 'OK');
});
