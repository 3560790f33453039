import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { ChannelEvents } from '../../../src/client/channel.ts';
import { tcpDial } from '../../../src/client/tcp.ts';
import type { Clock } from '../../../src/core/clock.ts';

const clock: Clock = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A listener on loopback and, once somebody has connected, the socket of its side. */
async function listener(t: Test) {
  const server: Server = createServer();
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address!.port : 0;
  const accepted = async () => sockets[0] ?? (await once(server, 'connection'))[0];
  return { port, accepted: accepted as () => Promise<Socket> };
}

/** What came, and a way to wait for more of it. */
function recorder() {
  const seen: string[] = [];
  let wake = () => {};
  const add = (text: string) => {
    seen.push(text);
    wake();
  };
  const events: ChannelEvents = {
    message: (message) => add(message.toString()),
    ended: (reason) => add(`ended: ${reason}`),
  };
  const count = async (wanted: number) => {
    while (seen.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
    return seen;
  };
  return { events, count };
}

const record = (text: string, last = true) => {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(((last ? 0x8000_0000 : 0) | text.length) >>> 0);
  return Buffer.concat([mark, Buffer.from(text)]);
};

t.test('messages go out as records of one fragment', async (t) => {
  const { port, accepted } = await listener(t);
  const channel = await tcpDial('127.0.0.1', port, clock)(recorder().events, 1000);
  const socket = await accepted();
  channel?.send(Buffer.from('hello'));
  let received = Buffer.alloc(0);
  while (received.length < 9) received = Buffer.concat([received, (await once(socket, 'data'))[0]]);
  t.same(received, record('hello'));
  channel?.close();
});

t.test('records come in whole, however the stream was cut', async (t) => {
  const { port, accepted } = await listener(t);
  const { events, count } = recorder();
  const channel = await tcpDial('127.0.0.1', port, clock)(events, 1000);
  const socket = await accepted();
  const stream = Buffer.concat([record('one'), record('tw', false), record('o'), record('three')]);
  for (const byte of stream) socket.write(Buffer.of(byte));
  t.same(await count(3), ['one', 'two', 'three']);
  channel?.close();
});

t.test('a connection that the server ends is ended once', async (t) => {
  const { port, accepted } = await listener(t);
  const { events, count } = recorder();
  await tcpDial('127.0.0.1', port, clock)(events, 1000);
  (await accepted()).resetAndDestroy();
  const [ended] = await count(1);
  t.match(ended, /^ended: /);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal((await count(1)).length, 1);
});

t.test('a stream that is no sequence of records ends', async (t) => {
  const { port, accepted } = await listener(t);
  const { events, count } = recorder();
  await tcpDial('127.0.0.1', port, clock)(events, 1000);
  (await accepted()).write(Buffer.alloc(8, 0xff));
  t.match((await count(1))[0], /^ended: record of more than/);
});

t.test('nothing is told of a connection that we closed', async (t) => {
  const { port, accepted } = await listener(t);
  const { events, count } = recorder();
  const channel = await tcpDial('127.0.0.1', port, clock)(events, 1000);
  const socket = await accepted();
  channel?.close();
  channel?.send(Buffer.from('into the void'));
  socket.on('data', () => t.fail('something came'));
  await once(socket, 'close');
  t.same(await count(0), []);
});

t.test('nobody there: null', async (t) => {
  // A port that was just closed may be somebody else's by now; this one is given to nobody.
  t.equal(await tcpDial('127.0.0.1', 1, clock)(recorder().events, 1000), null);
});
