import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import { UNSTABLE4 } from '../../../src/nfs4/constants.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { decode, NodeUnderTest, ROOT } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { listening, marked, WirePeer, xidOf } from './fixtures/wire-peer.ts';

t.test('calls in one chunk, and one call in many chunks', async (t) => {
  const { node, peer } = await listening(t);
  const messages = [1, 2, 3].map(() => node.encode([]));
  peer.send(...messages);
  await peer.until(3);
  t.same(peer.xids, messages.map(xidOf));
  const last = node.encode([]);
  for (const byte of marked(last)) {
    peer.socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  await peer.until(4);
  t.equal(peer.xids[3], xidOf(last));
});

t.test('a call that waits holds up none behind it', async (t) => {
  const { node, peer } = await listening(t);
  const alice = await new TestClient(node, 'alice').connect();
  node.coordination.hold();
  alice.seqids[0]! += 1;
  const waits = node.encode([alice.sequence(), call(reclaimComplete, { oneFs: false })]);
  alice.seqids[1]! += 1;
  const quick = node.encode([alice.sequence(1), call(putRootFh, {})]);
  peer.send(waits, quick);
  await peer.until(1);
  t.same(peer.xids, [xidOf(quick)]);
  node.coordination.letGo();
  await peer.until(2);
  t.same(peer.xids, [xidOf(quick), xidOf(waits)]);
});

t.test('more calls in flight than allowed are not read until others are answered', async (t) => {
  const { node, peer, port } = await listening(t, { callsInFlight: 2 });
  const clients = [
    await new TestClient(node, 'alice').connect(),
    await new TestClient(node, 'bob').connect(),
  ];
  node.coordination.hold();
  const waiting = clients.map((client) => {
    client.seqids[0]! += 1;
    return node.encode([client.sequence(), call(reclaimComplete, { oneFs: false })]);
  });
  peer.send(...waiting);
  await node.coordination.untilHolding(2);
  const third = node.encode([]);
  peer.send(third);
  // What another connection asks later is answered, again and again.
  const other = new WirePeer(t, port);
  for (let round = 1; round <= 20; round += 1) {
    other.send(node.encode([]));
    await other.until(round);
  }
  t.same(peer.xids, []);
  node.coordination.letGo();
  await peer.until(3);
  t.same(new Set(peer.xids), new Set([...waiting, third].map(xidOf)));
});

t.test('a record that is too long, and what is no call, end the connection and nothing else', async (t) => {
  const { node, peer, port } = await listening(t, { messageBytes: 2048 });
  const other = new WirePeer(t, port);
  peer.send(Buffer.alloc(4096));
  await once(peer.socket, 'close');
  other.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await once(other.socket, 'close');
  const third = new WirePeer(t, port);
  third.send(node.encode([]));
  await third.until(1);
});

t.test('what was answered before somebody stops making sense still arrives', async (t) => {
  const { node, peer } = await listening(t);
  const message = node.encode([]);
  peer.send(message, Buffer.from('no call'), node.encode([]));
  await once(peer.socket, 'close');
  t.same(peer.xids, [xidOf(message)], 'and nothing that came after it');
});

t.test('a peer that goes away while its call is worked on harms nobody', async (t) => {
  const { node, peer } = await listening(t);
  const alice = await new TestClient(node, 'alice').connect();
  node.coordination.hold();
  alice.seqids[0]! += 1;
  const ops = [alice.sequence(0, true), call(reclaimComplete, { oneFs: false })];
  peer.send(node.encode(ops));
  peer.socket.end();
  await once(peer.socket, 'close').catch(() => {});
  node.coordination.letGo();
  await node.clock.advance(1);
  t.equal((await node.send(ops)).status, 0, 'the reply was kept for the retry on another connection');
});

t.test(
  'the memory of a large message is used for another one when it was answered, not before',
  async (t) => {
    const { node, peer, port } = await listening(t);
    writeFileSync(join(node.dir, 'file'), '');
    const letters = (letter: string) => Buffer.alloc(200_000, letter);
    const writing = (letter: string, offset: bigint): OperationCall[] => [
      call(putRootFh, {}),
      call(lookup, { objName: 'file' }),
      call(write, { stateid: ANONYMOUS_STATEID, offset, stable: UNSTABLE4, data: letters(letter) }),
    ];
    const alice = await new TestClient(node, 'alice').connect();
    node.coordination.hold();
    alice.seqids[0]! += 1;
    const waits = [alice.sequence(), call(reclaimComplete, { oneFs: false }), ...writing('a', 0n)];
    peer.send(node.encode(waits));
    await node.coordination.untilHolding(1);
    const other = new WirePeer(t, port);
    for (const offset of [200_000n, 400_000n]) await other.ask(node.encode(writing('b', offset), ROOT, 0));
    node.coordination.letGo();
    await peer.until(1);
    t.equal(decode(peer.replies[0]!, waits).status, 0);
    const content = Buffer.concat([letters('a'), letters('b'), letters('b')]);
    t.ok(readFileSync(join(node.dir, 'file')).equals(content));
  },
);

t.test('close ends connections and accepts no more; a port in use is an error', async (t) => {
  const { node, peer, port } = await listening(t);
  const rival = new NodeUnderTest(t);
  await t.rejects(rival.server.listen('127.0.0.1', port), { code: 'EADDRINUSE' });
  const closed = once(peer.socket, 'close');
  await node.server.close();
  await closed;
  const late = connect(port, '127.0.0.1');
  await t.rejects(once(late, 'connect'), { code: 'ECONNREFUSED' });
});
