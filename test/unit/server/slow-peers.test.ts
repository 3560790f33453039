/** Nobody who is slow, silent or greedy keeps others from being served. Time is the test's; what is counted is calls that are answered. */
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { attributeSet } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { bindConnToSession } from '../../../src/nfs4/operations/bind-conn-to-session.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';
import { listening, marked, WirePeer } from './fixtures/wire-peer.ts';

const WAITS = { strangerMs: 1000, idleMs: 10_000, stalledMs: 2000 };
const ANONYMOUS = { seqid: 0, other: Buffer.alloc(12) };

/** Another client is answered so many times. */
async function othersAreServed(t: Test, node: NodeUnderTest, port: number, times = 20): Promise<void> {
  const other = new WirePeer(t, port);
  for (let count = 0; count < times; count += 1) await other.ask(node.encode([]));
  other.socket.destroy();
}

async function connected(t: Test, port: number, count: number): Promise<WirePeer[]> {
  const peers = Array.from({ length: count }, () => new WirePeer(t, port));
  await Promise.all(peers.map(({ socket }) => once(socket, 'connect')));
  return peers;
}

/** What is read of the large file, over and over. */
async function largeReads(node: NodeUnderTest, count: number): Promise<Buffer[]> {
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('large');
  const grown = call(setAttr, { stateid: ANONYMOUS, objAttributes: attributeSet({ size: 1n << 20n }) });
  if ((await alice.try(call(putFh, { object: file.handle }), grown)) !== 'OK') throw new Error('not grown');
  const wanted = call(read, { stateid: ANONYMOUS, offset: 0n, count: 1 << 20 });
  return Array.from({ length: count }, (_, slot) => {
    alice.seqids[slot % 8]! += 1;
    return node.encode([alice.sequence(slot % 8), call(putFh, { object: file.handle }), wanted]);
  });
}

t.test('who asks for a lot and reads nothing makes the server keep no more than it may', async (t) => {
  const { node, peer, port } = await listening(t, { unsentBytes: 2 << 20 });
  const requests = await largeReads(node, 100);
  peer.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  peer.send(...requests);
  await othersAreServed(t, node, port, 100);
  const kept = process.memoryUsage().arrayBuffers - before;
  t.ok(kept < 32 << 20, `100 MiB were asked for, ${kept >> 20} MiB are kept`);
  peer.socket.resume();
  await peer.until(100);
  t.same(
    peer.xids,
    requests.map((request) => request.readUInt32BE(0)),
    'all of it comes when it is read, in order',
  );
});

t.test('who reads nothing for too long is given up', async (t) => {
  const { node, peer, port } = await listening(t, { ...WAITS, unsentBytes: 1 << 20 });
  peer.socket.pause();
  peer.send(...(await largeReads(node, 40)));
  await othersAreServed(t, node, port);
  for (let part = 0; part < 12; part += 1) await node.clock.advance(WAITS.stalledMs / 8);
  const closed = peer.closed;
  peer.socket.resume();
  await closed;
  t.ok(peer.replies.length < 40, `${peer.replies.length} of 40`);
});

t.test('who reads slowly and reads is not', async (t) => {
  const { node, peer } = await listening(t, { ...WAITS, unsentBytes: 1 << 20 });
  peer.socket.pause();
  peer.send(...(await largeReads(node, 40)));
  for (let count = 2; count <= 40; count += 2) {
    await node.clock.advance(WAITS.stalledMs / 4);
    peer.socket.resume();
    await peer.until(count);
    peer.socket.pause();
  }
  t.equal(peer.replies.length >= 40, true);
});

t.test('all together may make the server keep no more than it may', async (t) => {
  const { node, port } = await listening(t, { bufferedBytes: 8 << 20, unsentBytes: 16 << 20 });
  const requests = await largeReads(node, 8 * 12);
  const before = process.memoryUsage().arrayBuffers;
  const greedy = await connected(t, port, 12);
  for (const [index, peer] of greedy.entries()) {
    peer.socket.pause();
    peer.send(...requests.slice(index * 8, index * 8 + 8));
  }
  await othersAreServed(t, node, port, 100);
  const kept = process.memoryUsage().arrayBuffers - before;
  t.ok(kept < 30 << 20, `96 MiB were asked for, ${kept >> 20} MiB are kept`);
  for (const peer of greedy) peer.socket.resume();
  for (const peer of greedy) await peer.until(8);
});

t.test('one byte at a time: others are served, and one that takes too long is given up', async (t) => {
  const { node, peer, port } = await listening(t, { ...WAITS, strangerMs: WAITS.stalledMs * 100 });
  const closed = peer.closed;
  const bytes = marked(node.encode([]));
  for (let at = 0; at < 10; at += 1) {
    peer.socket.write(bytes.subarray(at, at + 1));
    await othersAreServed(t, node, port, 2);
    await node.clock.advance(WAITS.stalledMs / 4);
  }
  await closed;
  t.equal(peer.replies.length, 0);
});

t.test('messages that never end take no more memory than they may: the oldest goes', async (t) => {
  const { node, port } = await listening(t, { bufferedBytes: 4 << 20 });
  const beginning = marked(Buffer.alloc(1 << 20)).subarray(0, 900_000);
  const hogs = await connected(t, port, 8);
  const closed: number[] = [];
  for (const [index, hog] of hogs.entries()) {
    hog.socket.on('close', () => closed.push(index));
    await new Promise<void>((sent) => hog.socket.write(beginning, () => sent()));
    await othersAreServed(t, node, port, 5);
  }
  await othersAreServed(t, node, port, 100);
  t.ok(closed.length >= 2, `${closed.length} of 8 were given up`);
  t.same(
    closed,
    closed.toSorted((a, b) => a - b),
    'the oldest first',
  );
  t.notOk(closed.includes(7));
});

t.test('a connection that shows no client is closed when it is silent, one that does is not', async (t) => {
  const { node, peer, port } = await listening(t, WAITS);
  const known = new WirePeer(t, port);
  const alice = await new TestClient(node, 'alice').start();
  alice.seqids[0]! += 1;
  await known.ask(node.encode([alice.sequence()]));
  await peer.ask(node.encode([]));
  const closed = peer.closed;
  await node.clock.advance(WAITS.strangerMs * 2);
  await closed;
  alice.seqids[0]! += 1;
  await known.ask(node.encode([alice.sequence()]));
  const end = known.closed;
  await node.clock.advance(WAITS.idleMs * 2);
  await end;
  t.pass('nor for ever');
});

t.test('with no room for a connection, the stranger goes who has been silent for longest', async (t) => {
  const { node, peer, port } = await listening(t, { connections: 2 });
  const alice = await new TestClient(node, 'alice').start();
  alice.seqids[0]! += 1;
  await peer.ask(node.encode([alice.sequence()]));
  const stranger = new WirePeer(t, port);
  await once(stranger.socket, 'connect');
  const closed = stranger.closed;
  const third = new WirePeer(t, port);
  await closed;
  alice.seqids[0]! += 1;
  await third.ask(node.encode([alice.sequence()]));
  const fourth = new WirePeer(t, port);
  await fourth.closed;
  t.pass('the others have clients');
  await peer.ask(node.encode([]));
  await third.ask(node.encode([]));
});

t.test('connections of one address are limited', async (t) => {
  const { node, peer, port } = await listening(t, { connectionsPerAddress: 2 });
  const second = new WirePeer(t, port);
  await second.ask(node.encode([]));
  await new WirePeer(t, port).closed;
  const elsewhere = new WirePeer(t, port, '127.0.0.2');
  await elsewhere.ask(node.encode([]));
  second.socket.destroy();
  await second.closed;
  await peer.ask(node.encode([]));
  await new WirePeer(t, port).ask(node.encode([]));
  t.pass('and counted down');
});

t.test('a thousand calls in one piece: others have their turn in between', async (t) => {
  const { node, peer, port } = await listening(t, { callsPerTurn: 10 });
  const other = new WirePeer(t, port);
  await once(other.socket, 'connect');
  peer.send(...Array.from({ length: 1000 }, () => node.encode([])));
  for (let count = 0; count < 10; count += 1) await other.ask(node.encode([]));
  t.ok(peer.replies.length < 1000, `${peer.replies.length} answered when the other had 10`);
  await peer.until(1000);
});

t.test(
  'who holds a delegation and answers nothing: others wait a lease for that file, and for nothing else',
  async (t) => {
    for (const how of ['calls hang', 'the connection is gone'] as const) {
      const node = new NodeUnderTest(t);
      const connection = new TestConnection();
      const holder = new TestClient(node, 'holder');
      holder.connection = connection;
      await holder.start();
      await connection.called(1);
      await holder.opened('f');
      const held = await holder.opened('g', 'app', { access: nfs.OPEN4_SHARE_ACCESS_BOTH, create: true });
      t.not(held.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE, 'it has delegations');
      connection.silent = true;
      if (how === 'the connection is gone') connection.peer.end();

      const bob = await new TestClient(node, 'bob').start();
      const carol = await new TestClient(node, 'carol').start();
      let [served, refused] = [0, 0];
      const file = await carol.opened('elsewhere');
      for (let part = 0; part < 20; part += 1) {
        if ((await bob.open('g')) === 'DELAY') refused += 1;
        for (let count = 0; count < 10; count += 1) if ((await carol.write(file, 'x')) === 'OK') served += 1;
        if ((await carol.lock(file, { offset: BigInt(part) * 10n })).status === 'OK') served += 1;
        if ((await holder.renew()) !== 'OK') t.fail('its session is as always');
        await node.clock.advance(LEASE_MS / 10);
      }
      t.equal(served, 220, `${how}: carol is served`);
      t.ok(refused >= 10 && refused < 20, `${how}: bob was told DELAY ${refused} times, and not for ever`);
      t.type(await bob.open('g'), 'object');
    }
  },
);

t.test('a call back that goes to somebody who does not read takes no memory for ever', async (t) => {
  const { node, peer, port } = await listening(t, { unsentBytes: 1 << 20 });
  peer.socket.pause();
  peer.send(...(await largeReads(node, 20)));
  await othersAreServed(t, node, port, 10);
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 100; count += 1) {
    const alice = new TestClient(node, `client ${count}`);
    await alice.connect();
    const bind = call(bindConnToSession, {
      sessionId: alice.sessionId,
      dir: nfs.CDFC4_BACK_OR_BOTH,
      useConnInRdmaMode: false,
    });
    peer.send(node.encode([bind]));
  }
  await othersAreServed(t, node, port, 50);
  t.ok(process.memoryUsage().arrayBuffers - before < 4 << 20);
});

t.test('a COMPOUND that takes long lets others have their turn between its operations', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').connect();
  const bob = await new TestClient(node, 'bob').connect();
  // Each look at the clock finds it later.
  const nowMs = node.clock.nowMs.bind(node.clock);
  let passedMs = 0;
  node.clock.nowMs = () => {
    passedMs += 4;
    return nowMs() + passedMs;
  };
  const answered: string[] = [];
  const long = alice
    .try(...Array(14).fill(call(putRootFh, {})))
    .then((status) => answered.push(`alice ${status}`));
  for (let count = 0; count < 3; count += 1) answered.push(`bob ${await bob.renew()}`);
  await long;
  t.same(answered, ['bob OK', 'bob OK', 'bob OK', 'alice OK']);
});

t.test(
  'a COMPOUND that let others have their turn takes nothing from a server that has stopped meanwhile',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const nowMs = node.clock.nowMs.bind(node.clock);
    let passedMs = 0;
    node.clock.nowMs = () => {
      passedMs += 4;
      return nowMs() + passedMs;
    };
    alice.seqids[0]! += 1;
    const opening = alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'f' }, { create: true });
    const reply = node.server.handleCall(
      node.encode([alice.sequence(), ...Array(8).fill(call(putRootFh, {})), opening]),
    );
    t.type(reply, Promise);
    node.server.releaseAllState();
    t.equal(await reply, null);
    t.same(
      node.events.filter(({ event }) => event === 'grant'),
      [],
    );
  },
);
