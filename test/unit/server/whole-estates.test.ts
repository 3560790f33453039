/** C11, row 30: of whom the next node is told, and for whom it holds something. The node has two domains: what is in one says nothing of the other. */
import t, { type Test } from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import type { ClientEstate, FileEstate } from '../../../src/server/estates/estate.ts';
import { N1, nodesWithAddresses } from './fixtures/handed-over.ts';
import { delegated, GOES, holding, nodeOfTwo, openIn, STAYS } from './fixtures/moved-filesystem.ts';
import { LEASE_MS, type NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const FROM = asNodeId('n3');
const nameOf = ({ ownerId }: { readonly ownerId: string }) => Buffer.from(ownerId, 'hex').toString();
const toldOf = (node: NodeUnderTest, domain: string) => node.server.inventoryIn(domain).map(nameOf);

/** What a giver would say of her, at a node where she is already. */
function estateOf(node: NodeUnderTest, { name, verifier }: TestClient, ...files: FileEstate[]): ClientEstate {
  const { principal } = node.server.inventoryIn(STAYS).find((each) => nameOf(each) === 'bob')!;
  return {
    ownerId: Buffer.from(name).toString('hex'),
    principal,
    verifier: verifier.toString('hex'),
    files,
  };
}

const adopted = (node: NodeUnderTest, domain: string, estate: ClientEstate) =>
  node.server.adoptIn(domain, FROM, [estate], LEASE_MS).map(nameOf);

/** Alice went silent with a file open in the domain that stays, and is back before its store has let her record go. */
async function backTooEarly(t: Test) {
  const node = nodeOfTwo(t);
  const bob = await new TestClient(node, 'bob').start();
  const alice = await new TestClient(node, 'alice').start();
  const lost = await openIn(alice, STAYS);
  const stays = node.domain(STAYS).coordination;
  stays.removals = 'unavailable';
  for (let ms = 0; ms < 1.5 * LEASE_MS; ms += 300) {
    await node.clock.advance(300);
    await bob.renew();
  }
  await alice.renew();
  const withdrawn = async () => {
    stays.removals = null;
    await node.clock.advance(300);
    await alice.renew();
  };
  return { node, alice, lost, withdrawn };
}

/** Bob has wanted alice's delegation of a file in the domain that goes, and she has not given it back. */
async function delegationRevoked(t: Test) {
  const { node, alice, goes, stateid } = await delegated(t);
  await alice.closeFile(goes);
  const bob = await new TestClient(node, 'bob').start();
  const wish = { directory: await bob.handleOf(GOES) };
  t.equal(await bob.open('f', 'app', wish), 'DELAY');
  for (let ms = 0; ms < LEASE_MS; ms += 250) {
    await node.clock.advance(250);
    for (const client of [alice, bob]) await client.renew();
  }
  t.type(await bob.open('f', 'app', wish), 'object');
  return { node, alice, stateid };
}

t.test('row 22: who is on its way out in any domain, or has lost something, is not told of', async (t) => {
  const { node, alice, lost, withdrawn } = await backTooEarly(t);
  const wish = { create: true, directory: await alice.handleOf(GOES) };
  t.equal(await alice.open('g', 'app', wish), 'DELAY', 'its record first');
  t.type(await alice.open('g', 'app', wish), 'object');
  t.same(toldOf(node, GOES), ['bob'], 'it is on its way out');
  await withdrawn();
  t.same(toldOf(node, GOES), ['bob'], 'it does not know of its loss');
  t.equal(await alice.free(lost.stateid), 'OK');
  t.same(toldOf(node, GOES), ['bob', 'alice']);
});

t.test('row 22: nor is anything held for it, at a node where that happened to it', async (t) => {
  const { node, alice, lost, withdrawn } = await backTooEarly(t);
  const estate = estateOf(node, alice);
  t.same(adopted(node, GOES, estate), [], 'it is on its way out');
  await withdrawn();
  t.same(adopted(node, GOES, estate), [], 'it does not know of its loss');
  t.equal(await alice.free(lost.stateid), 'OK');
  t.same(adopted(node, GOES, estate), ['alice']);
});

t.test('who has lost a delegation, and does not know, is not told of', async (t) => {
  const { node, alice, stateid } = await delegationRevoked(t);
  t.same(toldOf(node, STAYS), ['bob']);
  t.equal(await alice.free(stateid), 'OK');
  t.same(toldOf(node, STAYS), ['alice', 'bob']);
});

t.test('nor is anything held for it, at a node where that happened to it', async (t) => {
  const { node, alice, stateid } = await delegationRevoked(t);
  const estate = estateOf(node, alice);
  t.same(adopted(node, STAYS, estate), []);
  t.equal(await alice.free(stateid), 'OK');
  t.same(adopted(node, STAYS, estate), ['alice']);
});

t.test('a delegation in another domain does not stand in the way, nor does an open', async (t) => {
  const { node, alice } = await delegated(t);
  await new TestClient(node, 'bob').start();
  t.same(toldOf(node, GOES), ['bob']);
  t.same(toldOf(node, STAYS), ['alice', 'bob']);
  t.same(adopted(node, GOES, estateOf(node, alice)), [], 'this might be the same once more');
  t.same(adopted(node, STAYS, estateOf(node, alice)), ['alice']);
});

t.test('I6: who is not on record everywhere it is told of is not told of', async (t) => {
  const node = nodeOfTwo(t, { services: { serviceAt: () => N1, majorOf: (owner) => owner } });
  const alice = await new TestClient(node, 'alice').connect();
  t.same(toldOf(node, GOES), []);
  t.same(node.server.inventoryOf(N1), []);
  node.domain(STAYS).coordination.store = 'unavailable';
  t.equal(await alice.complete(), 'DELAY');
  t.same(node.server.inventoryOf(N1), [], 'by its address it has to be in both');
  t.same([toldOf(node, GOES), toldOf(node, STAYS)], [['alice'], []]);
  node.domain(STAYS).coordination.store = 'durable';
  t.equal(await alice.complete(), 'OK');
  t.same(node.server.inventoryOf(N1).map(nameOf), ['alice']);
});

t.test('version 4.0: nor who has an open that it has not confirmed', async (t) => {
  const { n1 } = nodesWithAddresses(t);
  const ann = await new SessionlessTestClient(n1, 'ann').start();
  await ann.opened('f');
  t.same(n1.server.inventoryOf(N1).map(nameOf), ['ann']);
  const leftover = await ann.open('g', 'another');
  if (typeof leftover === 'string') throw new Error(leftover);
  t.same(n1.server.inventoryOf(N1), [], 'it may be a leftover of an earlier life of its owner');
  t.equal(await ann.confirmOpen(leftover), 'OK');
  t.same(n1.server.inventoryOf(N1).map(nameOf), ['ann']);
});

t.test(
  'C12: of a filesystem that moves only its own files are told, and only its own are held',
  async (t) => {
    const { node, stays } = await holding(t);
    const bob = await new TestClient(node, 'bob').start();
    const [estate] = node.server.inventoryIn(GOES) as [ClientEstate];
    t.same(
      estate.files.map(({ path }) => path),
      ['goes/f'],
    );
    const open = { owner: '6170', access: nfs.OPEN4_SHARE_ACCESS_READ, deny: 0, locks: [] };
    const held = (handle: string) =>
      adopted(
        node,
        GOES,
        estateOf(node, new TestClient(node, 'carol'), { handle, path: 'x', opens: [open] }),
      );
    t.same(held(stays.handle.toString('hex')), []);
    t.same(held('00'), [], 'nor what is no file here');
    t.same(held((await openIn(bob, GOES, 'g')).handle.toString('hex')), ['carol']);
  },
);
