import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { ExportedFilesystem } from '../../../src/server/filesystem/filesystem.ts';
import { RangeLocks } from '../../../src/server/filesystem/range-locks.ts';
import { LEASE_MS, NodeUnderTest, type TestDomain } from './fixtures/node-under-test.ts';
import { type OpenFile, TestClient } from './fixtures/test-client.ts';

/** A client with a directory handle for each of the two domains. */
class TwoDomainClient extends TestClient {
  readonly directories = new Map<string, Buffer>();

  override async start(): Promise<this> {
    await super.start();
    return this.findDomains();
  }

  async findDomains(): Promise<this> {
    for (const { name } of this.node.domains) this.directories.set(name, await this.handleOf(name));
    return this;
  }

  openIn(domain: string, name = 'f', owner = 'app'): Promise<OpenFile | string> {
    return this.open(name, owner, { create: true, directory: this.directories.get(domain)! });
  }

  async openedIn(domain: string, name = 'f', owner = 'app'): Promise<OpenFile> {
    const file = await this.openIn(domain, name, owner);
    if (typeof file === 'string') throw new Error(`OPEN in ${domain} by ${this.name}: ${file}`);
    return file;
  }

  in(domain: string) {
    return call(putFh, { object: this.directories.get(domain)! });
  }
}

const two = (t: Test, options = {}) => new NodeUnderTest(t, options, ['first', 'second']);
const started = (node: NodeUnderTest, name: string) => new TwoDomainClient(node, name).start();
const reopened = (client: TestClient, file: OpenFile) => client.openByHandle(file, nfs.CLAIM_PREVIOUS);

/** Alice has a file open and locked in each domain. */
async function holding(t: Test) {
  const node = two(t);
  const alice = await started(node, 'alice');
  const first = await alice.openedIn('first');
  const second = await alice.openedIn('second');
  const held = { first: await alice.locked(first), second: await alice.locked(second) };
  return { node, alice, first, second, held };
}

for (const [quiet, inGrace] of [
  ['first', 'second'],
  ['second', 'first'],
] as const) {
  t.test(`C12: ${inGrace} in grace, ${quiet} on the same node grants as always`, async (t) => {
    const node = two(t);
    const alice = await started(node, 'alice');
    const there = await alice.openedIn(inGrace);
    const here = await alice.openedIn(quiet);
    node.domain(inGrace).coordination.grace = true;

    t.equal(await alice.openIn(inGrace, 'new'), 'GRACE');
    t.equal((await alice.lock(there)).status, 'GRACE');
    t.equal(await alice.read(there, ANONYMOUS_STATEID), 'GRACE');
    t.equal(await alice.try(alice.in(inGrace), call(remove, { target: 'f' })), 'GRACE');
    const test = call(lockT, {
      lockType: nfs.WRITE_LT,
      offset: 0n,
      length: 1n,
      owner: { clientId: alice.clientId, owner: Buffer.from('x') },
    });
    t.equal(await alice.try(call(putFh, { object: there.handle }), test), 'GRACE');
    const move = [call(saveFh, {}), call(rename, { oldName: 'f', newName: 'g' })];
    t.equal(await alice.try(alice.in(inGrace), ...move), 'GRACE');

    t.type(await alice.openIn(quiet, 'new'), 'object');
    t.equal((await alice.lock(here)).status, 'OK');
    t.equal(await alice.read(here, ANONYMOUS_STATEID), 'OK ');
    t.equal(await alice.try(call(putFh, { object: here.handle }), test), 'DENIED', 'by the lock');
    t.equal(await alice.try(alice.in(quiet), ...move), 'OK');
    t.equal(await alice.try(alice.in(quiet), call(remove, { target: 'new' })), 'OK');
  });
}

t.test('C12: the beacons that are tested are those of the domain of the file', async (t) => {
  const { node, alice, first, second } = await holding(t);
  node.domain('first').coordination.beacons = 'grace';
  t.equal((await alice.lock(first, { offset: 100n })).status, 'GRACE');
  t.equal((await alice.lock(second, { offset: 100n })).status, 'OK');
  t.equal(await alice.openIn('first', 'new'), 'GRACE');
  t.type(await alice.openIn('second', 'new'), 'object');
});

t.test(
  'C12: files of two domains are two files, also where their filesystems number them alike',
  async (t) => {
    const [one, another] = two(t).domains as [TestDomain, TestDomain];
    // The very same directory, by two keys: every inode number is there twice.
    const filesystem = new ExportedFilesystem({ exportDir: one.dir, handleKey: Buffer.alloc(32) });
    t.teardown(() => filesystem[Symbol.dispose]());
    const twin = {
      name: 'second',
      filesystem,
      locks: new RangeLocks(filesystem),
      coordination: another.coordination,
    };
    const node = new NodeUnderTest(t, { domains: [one, twin] }, ['first', 'second']);
    const alice = await started(node, 'alice');
    const [first, second] = [await alice.openedIn('first'), await alice.openedIn('second')];
    another.coordination.grace = true;
    t.equal((await alice.lock(second)).status, 'GRACE');
    t.equal((await alice.lock(first)).status, 'OK');
  },
);

t.test('C12: after a reboot each domain lets reclaim until its own lift', async (t) => {
  const { node, alice, first, second } = await holding(t);
  await node.reboot();
  await alice.connect();
  t.equal(await reopened(alice, first), 'OK');
  node.domain('second').coordination.lift();
  t.equal(await reopened(alice, second), 'NO_GRACE');
  t.equal((await alice.lock(first, {}, nfs.WRITE_LT, true)).status, 'OK');
  t.equal(await alice.complete(), 'OK');
  t.equal(await alice.openIn('first'), 'GRACE');
  t.type(await alice.openIn('second'), 'object');
});

t.test('C12: a client that has a record in one domain only reclaims there only', async (t) => {
  const { node, alice, first, second } = await holding(t);
  node.domain('second').coordination.records.clear();
  await node.reboot();
  await alice.connect();
  t.equal(await reopened(alice, first), 'OK');
  t.equal(await reopened(alice, second), 'NO_GRACE');
});

t.test('I6: RECLAIM_COMPLETE is answered OK when the record is durable in every domain', async (t) => {
  const node = two(t);
  const alice = await new TwoDomainClient(node, 'alice').connect();
  const coordinations = node.domains.map(({ coordination }) => coordination);
  for (const coordination of coordinations) coordination.hold();
  let answered = false;
  const pending = alice.complete().then((status) => {
    answered = true;
    return status;
  });
  for (const coordination of coordinations) await coordination.untilHolding(1);
  coordinations[0]?.letGo();
  await node.clock.advance(10);
  t.notOk(answered, 'one of two');
  coordinations[1]?.letGo();
  t.equal(await pending, 'OK');
  for (const { records } of coordinations) t.ok(records.has('alice'));
  t.equal(await alice.complete(), 'COMPLETE_ALREADY');
});

for (const [sound, failing] of [
  ['first', 'second'],
  ['second', 'first'],
] as const) {
  t.test(`the store of ${failing} fails: what is durable counts in ${sound}, and no further`, async (t) => {
    const { node, alice, first, second } = await holding(t);
    const files = { first, second };
    await node.reboot();
    await (await alice.connect()).findDomains();
    t.equal(await reopened(alice, files[failing]), 'OK');
    node.domain(failing).coordination.store = 'unavailable';
    t.equal(await alice.complete(), 'DELAY');

    node.domain(sound).coordination.lift();
    t.type(await alice.openIn(sound), 'object', 'new state, since its record is durable there');
    t.equal(await reopened(alice, files[sound]), 'NO_GRACE', 'row 8');
    t.equal(await alice.openIn(failing), 'GRACE');
    t.equal((await alice.lock(files[failing], {}, nfs.WRITE_LT, true)).status, 'OK', 'a reclaim goes on');
    node.domain(failing).coordination.lift();
    t.equal(await alice.openIn(failing), 'GRACE', 'also when grace has ended: row 6');

    node.domain(failing).coordination.store = 'durable';
    t.equal(await alice.complete(), 'OK', 'the client asks again');
    t.type(await alice.openIn(failing), 'object');
    const written = (name: string) =>
      node.domain(name).coordination.journal.filter((line) => line === 'completed alice').length;
    t.same([written(sound), written(failing)], [2, 2], 'once in each life');
  });
}

t.test('I6: at expiry the records of all domains go before any lock', async (t) => {
  const { node } = await holding(t);
  const bob = await started(node, 'bob');
  const bobs = { first: await bob.openedIn('first'), second: await bob.openedIn('second') };
  const coordinations = node.domains.map(({ coordination }) => coordination);
  await node.clock.advance(LEASE_MS * 0.6);
  await bob.renew();
  for (const coordination of coordinations) coordination.hold();
  await node.clock.advance(LEASE_MS * 0.6);
  for (const letGo of [0, 1]) {
    t.equal((await bob.lock(bobs.first)).status, 'DELAY');
    t.equal((await bob.lock(bobs.second)).status, 'DELAY');
    t.equal(node.events.filter(({ event }) => event === 'release').length, 0);
    coordinations[letGo]?.letGo();
    await node.clock.advance(1);
  }
  for (const { records } of coordinations) t.notOk(records.has('alice'));
  t.equal((await bob.lock(bobs.first)).status, 'OK');
  t.equal((await bob.lock(bobs.second)).status, 'OK');
});

/** Alice fell silent and was expired, but the store of the second domain would not let her record go. */
async function halfExpired(t: Test) {
  const all = await holding(t);
  const { node } = all;
  const bob = await started(node, 'bob');
  const bobs = { first: await bob.openedIn('first'), second: await bob.openedIn('second') };
  node.domain('second').coordination.removals = 'unavailable';
  for (let quarter = 0; quarter < 5; quarter += 1) {
    await node.clock.advance(LEASE_MS / 4);
    await bob.renew();
  }
  return { ...all, bob, bobs };
}

t.test('I6: at expiry a failed store keeps the locks of its own domain, and no others', async (t) => {
  const { node, bob, bobs } = await halfExpired(t);
  t.ok(node.domain('second').coordination.records.has('alice'));
  t.equal((await bob.lock(bobs.first)).status, 'OK');
  t.equal((await bob.lock(bobs.second)).status, 'DELAY');
  node.domain('second').coordination.removals = null;
  await node.clock.advance(LEASE_MS * 0.3);
  t.equal((await bob.lock(bobs.second)).status, 'OK', 'the removal is tried again');
});

t.test('I5: a client that is back after half an expiry serves itself in the other domain', async (t) => {
  const { node, alice, first, second, held, bob, bobs } = await halfExpired(t);
  t.equal(await alice.renew(), 'OK');
  t.equal(alice.statusFlags, nfs.SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED);
  t.equal(await alice.read(first), 'EXPIRED');
  t.equal(await alice.openIn('first', 'g'), 'EXPIRED', 'not before it has acknowledged its loss');
  t.equal(await alice.free(held.first.stateid), 'OK');
  t.equal(await alice.free(first.stateid), 'OK');
  t.equal(await alice.openIn('first', 'g'), 'DELAY', 'its record is written again');
  await node.clock.advance(1);
  t.type(await alice.openIn('first', 'g'), 'object');

  t.equal(await alice.read(second), 'DELAY');
  t.equal(await alice.unlock(held.second), 'DELAY');
  t.equal(await alice.openIn('second', 'g'), 'DELAY');
  t.equal((await bob.lock(bobs.second)).status, 'DELAY');
  node.domain('second').coordination.removals = null;
  await node.clock.advance(LEASE_MS * 0.3);
  t.equal(await alice.read(second), 'EXPIRED', 'though it has renewed its lease');
  t.equal((await bob.lock(bobs.second)).status, 'OK');
  t.ok(node.domain('first').coordination.records.has('alice'), 'what it has elsewhere is not touched');
  t.notOk(node.domain('second').coordination.records.has('alice'));
});

t.test('I6: half an expiry lets neither a reclaim nor a record through in the other half', async (t) => {
  const { node, alice, second } = await holding(t);
  await node.reboot();
  await alice.connect();
  t.equal(await reopened(alice, second), 'OK');
  node.domain('second').coordination.removals = 'unavailable';
  await node.clock.advance(LEASE_MS * 1.5);
  t.equal(await reopened(alice, { ...second }), 'DELAY');
  t.equal(await alice.complete(), 'DELAY');
  t.notOk(node.domain('second').coordination.records.has('alice'));
  t.ok(node.domain('first').coordination.records.has('alice'));
});

t.test(
  'row 23: a restarted client is let in when its earlier records are gone from all domains',
  async (t) => {
    const { node } = await holding(t);
    node.domain('second').coordination.removals = 'unavailable';
    const reborn = new TwoDomainClient(node, 'alice');
    await reborn.exchange();
    t.equal(await reborn.createSession(), 'DELAY');
    t.ok(node.domain('second').coordination.records.has('alice'));
    node.domain('second').coordination.removals = null;
    t.equal(await reborn.createSession(), 'OK');
    for (const { coordination } of node.domains) t.notOk(coordination.records.has('alice'));
    t.equal(node.server.summary().clients.length, 1);
  },
);

t.test('I6: a record that went with an idle client comes back where new state is asked for', async (t) => {
  const node = two(t);
  const alice = await started(node, 'alice');
  await node.clock.advance(LEASE_MS * 1.5);
  t.equal(await alice.openIn('second'), 'DELAY');
  await node.clock.advance(1);
  t.type(await alice.openIn('second'), 'object');
  t.ok(node.domain('second').coordination.records.has('alice'));
  t.notOk(node.domain('first').coordination.records.has('alice'));
  t.equal(await alice.openIn('first'), 'DELAY');
});

t.test('C11: a planned stop lets go of one domain at a time, past its own barrier', async (t) => {
  const { node, alice } = await holding(t);
  const before = node.events.length;
  node.server.releaseStateIn('second');
  const released = () => node.events.slice(before).map(({ event, op, domain }) => [event, op, domain]);
  t.same(released(), [
    ['release', 'lock', 'second'],
    ['release', 'open', 'second'],
  ]);
  t.match(node.server.summary().clients, [{ opens: 1, locks: 1 }]);
  await t.rejects(alice.renew(), /did not answer/);
  node.server.releaseStateIn('first');
  t.match(node.server.summary().clients, [{ opens: 0, locks: 0 }]);
  for (const { coordination } of node.domains) t.ok(coordination.records.has('alice'));
});

t.test('events about files carry the domain, and the path as the client sees it', async (t) => {
  const { node, alice, held } = await holding(t);
  await alice.unlock(held.second);
  node.domain('second').coordination.grace = true;
  await alice.openIn('second', 'new');
  const [refusal, release] = [node.events.at(-1), node.events.at(-2)];
  t.match(refusal, { event: 'refuse', op: 'open', domain: 'second', file: 'second/new' });
  t.match(release, { event: 'release', op: 'lock', domain: 'second', file: 'second/f' });
  const grants = node.events.filter(({ event }) => event === 'grant');
  t.same(
    grants.map(({ op, domain, file }) => `${op} ${domain} ${file}`),
    ['open first first/f', 'open second second/f', 'lock first first/f', 'lock second second/f'],
  );
});

t.test('events of a node with one domain do not name it', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await alice.closeFile(await alice.opened('f'));
  t.same(
    node.events.map((event) => [event.event, event.file, 'domain' in event]),
    [
      ['grant', 'f', false],
      ['release', 'f', false],
    ],
  );
});

t.test('after a reboot the paths of reclaimed files are found in their domains', async (t) => {
  const { node, alice, second } = await holding(t);
  writeFileSync(join(node.domain('first').dir, 'another'), '');
  await node.reboot();
  await alice.connect();
  t.equal(await reopened(alice, second), 'OK');
  t.match(node.events.at(-1), { event: 'grant', reclaim: true, domain: 'second', file: 'second/f' });
});
