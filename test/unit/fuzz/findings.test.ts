/** What is wrong with a server is found: each test breaks one. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { fire } from '../../../src/fuzz/assailant.ts';
import { framed } from '../../../src/fuzz/framing.ts';
import { fuzz } from '../../../src/fuzz/fuzz.ts';
import type { Mutant } from '../../../src/fuzz/mutant.ts';
import { NodeUnderTest } from '../server/fixtures/node-under-test.ts';

const mutant = (bytes: Buffer, more: Partial<Mutant> = {}): Mutant => ({
  ...{ name: 'a request', what: [], bytes, xid: null, spoils: false, slot: 1, inTurn: true },
  ...more,
});

/** Where nothing is to come. */
const BRIEF = { patienceMs: 100 };

/** A server that does with each connection what the test says. */
async function door(
  t: Test,
  serve: (socket: Socket) => void,
  { allowHalfOpen = false, patienceMs = 10_000 } = {},
) {
  const server = createServer({ allowHalfOpen }, (socket) => {
    t.teardown(() => socket.destroy());
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  return { host: '127.0.0.1', port, clock: systemClock, patienceMs };
}

/** An RPC reply that says nothing but success. */
const reply = (xid: number): Buffer => {
  const message = Buffer.alloc(24);
  message.writeUInt32BE(xid, 0);
  message.writeUInt32BE(1, 4);
  return framed(message);
};

t.test('who does not answer is silent', async (t) => {
  const silent = await door(t, (socket) => socket.resume(), BRIEF);
  const [asked] = [mutant(framed(Buffer.alloc(40)), { xid: 1 })];
  t.same((await fire(silent, [asked], 2)).silent, [asked]);
  const half = await door(t, (socket) => socket.once('data', () => socket.write(reply(2))), BRIEF);
  t.same((await fire(half, [asked], 2)).silent, [asked], 'to this one, though it answers others');
  const all = await door(t, (socket) =>
    socket.once('data', () => socket.write(Buffer.concat([reply(1), reply(2)]))),
  );
  t.match(await fire(all, [asked], 2), { silent: [], closed: false, garbled: null, refused: null });
});

t.test('who closes has said something; who keeps what its peer has ended has not', async (t) => {
  const asked = mutant(framed(Buffer.alloc(40)), { xid: 1 });
  const closing = await door(t, (socket) => socket.once('data', () => socket.destroy()));
  t.match(await fire(closing, [asked], 2), { silent: [], closed: true });
  const spoilt = mutant(Buffer.alloc(2), { spoils: true });
  const keeping = await door(t, (socket) => socket.resume(), { ...BRIEF, allowHalfOpen: true });
  t.same((await fire(keeping, [spoilt], 2)).silent, [spoilt]);
  const letting = await door(t, (socket) => socket.resume());
  t.match(await fire(letting, [spoilt], 2), { silent: [], closed: true });
});

t.test('who is not there refuses', async (t) => {
  const there = await door(t, () => {});
  // A port that was just closed may be somebody else's by now; this one is given to nobody.
  t.match(await fire({ ...there, port: 1 }, [], 2), { refused: /ECONNREFUSED/ });
});

/** A node of ours, and a run against it. */
async function against(t: Test, sabotage: (node: NodeUnderTest) => void, requests = 480) {
  const node = new NodeUnderTest(t);
  const { port } = await node.server.listen('127.0.0.1', 0);
  let told = false;
  return fuzz({
    ...{ host: '127.0.0.1', port, path: [], local: null, pid: null, corpus: [], memoryMb: 1 },
    ...{
      seed: 5,
      requests,
      firstRound: 0,
      versions: [1],
      runId: '00000000',
      clock: systemClock,
      patienceMs: 5000,
    },
    tell: () => {
      if (!told) sabotage(node);
      told = true;
    },
  });
}

t.test('a server as it should be', async (t) => {
  const report = await against(t, () => {}, 240);
  t.match(report, { outcome: 'pass', requests: 240, rounds: 1, findings: [] });
  t.ok(report.entered > 50);
});

t.test('a lock that goes is found', async (t) => {
  const report = await against(t, (node) => node.locks.releaseAll());
  t.equal(report.outcome, 'fail');
  t.match(report.findings, [{ what: /^kept-4\.\d: LOCKT was answered DENIED .*, and now OK$/, round: 1 }]);
});

t.test('content that changes is found', async (t) => {
  const report = await against(t, async (node) => {
    const { globSync, writeFileSync } = await import('node:fs');
    for (const file of globSync(`${node.dir}/*/*/kept-4.2`)) writeFileSync(file, 'something else');
  });
  t.match(report.findings, [{ what: /^kept-4\.2: its content is/ }]);
});

t.test('a server that stops is found', async (t) => {
  const report = await against(t, (node) => void node.server.close());
  t.equal(report.outcome, 'fail');
  t.equal(report.findings.length, 1);
});
