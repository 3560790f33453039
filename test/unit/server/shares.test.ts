import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeSet } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { openDowngrade } from '../../../src/nfs4/operations/open-downgrade.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { ANONYMOUS_STATEID, READ_BYPASS_STATEID } from '../../../src/nfs4/types.ts';
import { LEASE_MS } from './fixtures/node-under-test.ts';
import { type OpenWish, TestClient } from './fixtures/test-client.ts';
import { twoNodes } from './fixtures/two-nodes.ts';

const { OPEN4_SHARE_ACCESS_READ: READ, OPEN4_SHARE_ACCESS_WRITE: WRITE, OPEN4_SHARE_ACCESS_BOTH: BOTH } = nfs;
const { OPEN4_SHARE_DENY_READ: DENY_READ, OPEN4_SHARE_DENY_WRITE: DENY_WRITE } = nfs;

/** A client of each of two nodes. */
async function setup(t: Test) {
  const { n1, n2 } = twoNodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  return { n1, n2, alice, bob: await new TestClient(n2, 'bob').start() };
}

t.test('C13: a share reservation on one node binds the other, in every combination', async (t) => {
  const { alice, bob } = await setup(t);
  let number = 0;
  for (const access of [READ, WRITE, BOTH]) {
    for (const deny of [0, 1, 2, 3]) {
      for (const wanted of [READ, WRITE, BOTH]) {
        for (const denied of [0, 1, 2, 3]) {
          number += 1;
          const name = `f${number}`;
          const file = await alice.opened(name, 'app', { create: true, access, deny });
          const got = await bob.open(name, 'app', { access: wanted, deny: denied });
          const conflict = (wanted & deny) !== 0 || (denied & access) !== 0;
          if ((got === 'SHARE_DENIED') !== conflict)
            t.fail(`${access}/${deny} against ${wanted}/${denied}: ${got}`);
          await alice.closeFile(file);
          if (conflict) t.type(await bob.open(name, 'app', { access: wanted, deny: denied }), 'object');
        }
      }
    }
  }
});

t.test('C13: an open without a deny mode is found by whoever denies later', async (t) => {
  const { alice, bob } = await setup(t);
  const file = await alice.opened('f', 'app', { create: true, access: WRITE });
  t.equal(await bob.open('f', 'app', { access: READ, deny: DENY_WRITE }), 'SHARE_DENIED');
  t.equal(await alice.closeFile(file), 'OK');
  t.type(await bob.open('f', 'app', { access: READ, deny: DENY_WRITE }), 'object');
  t.equal(await alice.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
  t.type(await alice.open('f', 'app', { access: READ }), 'object');
});

t.test('C13: what goes last takes the mark along, not what goes first', async (t) => {
  const { n1, alice, bob } = await setup(t);
  const carol = await new TestClient(n1, 'carol').start();
  const first = await alice.opened('f', 'app', { create: true, access: READ, deny: DENY_WRITE });
  const second = await carol.opened('f', 'app', { access: READ, deny: DENY_WRITE });
  await alice.closeFile(first);
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
  await carol.closeFile(second);
  t.type(await bob.open('f', 'app', { access: WRITE }), 'object');
});

t.test(
  'C13: an upgrade is shown, OPEN_DOWNGRADE takes it back, and a refused one changes nothing',
  async (t) => {
    const { alice, bob } = await setup(t);
    await alice.opened('f', 'app', { create: true, access: READ });
    const upgraded = await alice.opened('f', 'app', { access: WRITE, deny: DENY_WRITE });
    t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
    const status = await alice.try(
      call(putFh, { object: upgraded.handle }),
      call(openDowngrade, { openStateid: upgraded.stateid, seqid: 0, shareAccess: READ, shareDeny: 0 }),
    );
    t.equal(status, 'OK');
    const bobs = await bob.opened('f', 'app', { access: WRITE, deny: DENY_WRITE });
    t.equal(await alice.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
    await bob.closeFile(bobs);
    t.type(
      await bob.open('f', 'app', { access: READ, deny: DENY_WRITE }),
      'object',
      'nothing was left of the refused one',
    );
  },
);

t.test('C13: of an exclusive or guarded create on two nodes one makes the file', async (t) => {
  const { alice, bob } = await setup(t);
  const exclusively = (verifier: string): OpenWish => ({
    openHow: {
      openType: nfs.OPEN4_CREATE,
      how: { mode: nfs.EXCLUSIVE4_1, createBoth: { verf: Buffer.from(verifier), attrs: attributeSet({}) } },
    },
  });
  const guarded: OpenWish = {
    openHow: { openType: nfs.OPEN4_CREATE, how: { mode: nfs.GUARDED4, createAttrs: attributeSet({}) } },
  };
  t.type(await alice.open('x', 'app', exclusively('01234567')), 'object');
  t.equal(await bob.open('x', 'app', exclusively('76543210')), 'EXIST');
  t.type(await alice.open('x', 'app', exclusively('01234567')), 'object', 'the same request again');
  t.type(await bob.open('y', 'app', guarded), 'object');
  t.equal(await alice.open('y', 'app', guarded), 'EXIST');
});

t.test(
  'C13: a deny mode binds I/O without an open, and emptying by an open, on the other node',
  async (t) => {
    const { n1, alice, bob } = await setup(t);
    const file = await alice.opened('f', 'app', { create: true, access: BOTH, deny: DENY_READ | DENY_WRITE });
    t.equal(await alice.write(file, 'x'), 'OK');
    t.equal(await bob.read(file, ANONYMOUS_STATEID), 'LOCKED');
    t.equal(await bob.read(file, READ_BYPASS_STATEID), 'OK x', 'the bypass stateid reads past it');
    t.equal(await bob.write(file, 'y', ANONYMOUS_STATEID), 'LOCKED');
    t.equal(await bob.write(file, 'y', READ_BYPASS_STATEID), 'LOCKED');
    const emptied = call(setAttr, { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet({ size: 0n }) });
    t.equal(await bob.try(call(putFh, { object: file.handle }), emptied), 'LOCKED');
    await alice.closeFile(file);
    t.equal(await bob.write(file, 'y', ANONYMOUS_STATEID), 'OK');
    // What the I/O was seen as is gone with it.
    t.type(await alice.open('f', 'app', { access: READ, deny: DENY_READ | DENY_WRITE }), 'object');
    const truncating: OpenWish = {
      access: READ,
      openHow: {
        openType: nfs.OPEN4_CREATE,
        how: { mode: nfs.UNCHECKED4, createAttrs: attributeSet({ size: 0n }) },
      },
    };
    writeFileSync(join(n1.dir, 'g'), 'kept');
    const reader = await alice.opened('g', 'app', { access: READ, deny: DENY_WRITE });
    t.equal(await bob.open('g', 'app', truncating), 'SHARE_DENIED');
    t.equal(await alice.read(reader), 'OK kept');
    await alice.closeFile(reader);
    const emptier = await bob.opened('g', 'app', truncating);
    t.equal(await bob.read(emptier), 'OK ');
    t.type(
      await alice.open('g', 'app', { access: READ, deny: DENY_WRITE }),
      'object',
      'it was writing only as long as it took',
    );
  },
);

t.test(
  'a mark that was put up is taken down again when a beacon is missing (grant rule, step 4)',
  async (t) => {
    const { n1, alice, bob } = await setup(t);
    await bob.closeFile(await bob.opened('f', 'app', { create: true }));
    n1.coordination.beacons = 'grace';
    t.equal(await alice.open('f', 'app', { access: BOTH, deny: DENY_WRITE }), 'GRACE');
    t.type(await bob.open('f', 'app', { access: WRITE, deny: DENY_READ }), 'object');
  },
);

t.test('I/O without an open looks at the beacons, too: what a dead node denied is not known', async (t) => {
  const { n1, alice } = await setup(t);
  const file = await alice.opened('f', 'app', { create: true });
  n1.coordination.beacons = 'grace';
  t.equal(await alice.write(file, 'y', ANONYMOUS_STATEID), 'GRACE');
  t.equal(await alice.write(file, 'y'), 'OK', 'an open that was given stays good');
});

t.test('a client that expires, starts anew or leaves takes its marks along, its record first', async (t) => {
  const { n1, alice, bob } = await setup(t);
  const denying: OpenWish = { create: true, access: READ, deny: DENY_WRITE };
  await alice.opened('f', 'app', denying);
  n1.coordination.hold();
  const swept = n1.clock.advance(LEASE_MS * 2);
  await n1.coordination.untilHolding(1);
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED', 'its record is not gone yet');
  n1.coordination.letGo();
  await swept;
  await n1.clock.advance(0);
  const file = await bob.opened('f', 'app', { access: WRITE });
  await bob.closeFile(file);

  const carol = await new TestClient(n1, 'carol').start();
  await carol.opened('f', 'app', denying);
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
  await new TestClient(n1, 'carol').start();
  const again = await bob.opened('f', 'app', { access: WRITE });
  t.equal(await bob.closeFile(again), 'OK');
});

t.test('a deny mode is reclaimed after a reboot, and a planned stop lets go of it', async (t) => {
  const { n1, alice, bob } = await setup(t);
  const file = await alice.opened('f', 'app', { create: true, access: READ, deny: DENY_WRITE });
  await n1.reboot();
  await alice.connect();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, { access: READ, deny: DENY_WRITE }), 'OK');
  await alice.complete();
  n1.coordination.lift();
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
  n1.server.releaseAllState();
  t.type(await bob.open('f', 'app', { access: WRITE }), 'object');
});

t.test('a deny mode is reclaimed at an heir, which did not have it before', async (t) => {
  const { n1, n2, alice, bob } = await setup(t);
  const file = await alice.opened('f', 'app', { create: true, access: READ, deny: DENY_WRITE });
  n1.server.releaseAllState();
  n2.coordination.grace = true;
  n2.coordination.recoverable.set('alice', 'sys:0@machine');
  const moved = new TestClient(n2, 'alice');
  await moved.connect();
  t.equal(await moved.openByHandle(file, nfs.CLAIM_PREVIOUS, { access: READ, deny: DENY_WRITE }), 'OK');
  await moved.complete();
  n2.coordination.lift();
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
  await n1.reboot();
  n1.coordination.lift();
  const carol = await new TestClient(n1, 'carol').start();
  t.equal(await carol.open('f', 'app', { access: WRITE }), 'SHARE_DENIED');
});

t.test(
  'a reclaim that meets a mark right after the end of a life waits for that life to let go of it; later it is a conflict',
  async (t) => {
    const { n1, alice, bob } = await setup(t);
    const file = await alice.opened('f', 'app', { create: true, access: READ, deny: DENY_WRITE });
    await n1.reboot();
    // Stands for the former life, of which the kernel has not taken everything yet.
    await bob.opened('f', 'app', { access: WRITE });
    await alice.connect();
    const wish = { access: READ, deny: DENY_WRITE };
    t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, wish), 'DELAY');
    n1.coordination.leftOvers = false;
    t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, wish), 'RECLAIM_CONFLICT');
  },
);
