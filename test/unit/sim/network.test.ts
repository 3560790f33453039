import t from 'tap';
import { SimProcess } from '../../../src/sim/machine/process.ts';
import { Network } from '../../../src/sim/network/network.ts';
import type { StreamEnd } from '../../../src/sim/network/stream.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const PORT = 2049;
const SERVICE = '10.77.2.1';

/** A client that is connected to a server, and what each of them has heard. */
async function connected() {
  const timeline = new Timeline();
  const network = new Network(timeline, () => 0.5);
  let pid = 0;
  const machine = (name: string, address: string) => {
    pid += 1;
    const host = network.host(name);
    host.up = true;
    network.raise(address, host);
    return { host, process: new SimProcess(name, pid, timeline) };
  };
  const [alice, n1, n2] = [
    machine('alice', '10.77.0.1'),
    machine('n1', '10.77.0.2'),
    machine('n2', '10.77.0.3'),
  ];
  network.raise(SERVICE, n1.host);
  const heard = { alice: [] as string[], n1: [] as string[] };
  const accepted = new Promise<StreamEnd>((resolve) =>
    network.listen(n1.process, n1.host, PORT, (end) => {
      end.onMessage = (message) => heard.n1.push(String(message));
      end.onEnd = (reason) => heard.n1.push(reason);
      resolve(end);
    }),
  );
  const connecting = network.connect(alice.process, alice.host, { address: SERVICE, port: PORT }, 1000);
  const near = (await timeline.through(connecting)) as StreamEnd;
  near.onMessage = (message) => heard.alice.push(String(message));
  near.onEnd = (reason) => heard.alice.push(reason);
  const pass = (ms: number) =>
    timeline.through(new Promise<void>((resolve) => void timeline.after(ms, resolve)));
  const say = (end: StreamEnd, text: string) => end.send(Buffer.from(text));
  return { timeline, network, alice, n1, n2, near, far: await accepted, heard, pass, say };
}

t.test('messages arrive once and in order', async (t) => {
  const { near, far, heard, pass, say } = await connected();
  for (const text of ['a', 'b', 'c']) say(near, text);
  say(far, 'hello');
  await pass(10);
  t.same(heard, { alice: ['hello'], n1: ['a', 'b', 'c'] });
});

t.test('what a partition keeps back arrives when it is healed, if nobody has given up by then', async (t) => {
  const { network, near, heard, pass, say } = await connected();
  const heal = network.cut(['alice'], ['n1'], 'both');
  say(near, 'late');
  await pass(1000);
  t.same(heard.n1, []);
  heal();
  await pass(1000);
  t.same(heard.n1, ['late']);
});

t.test('one-way loss: what is asked arrives, and the answer does not', async (t) => {
  const { network, near, far, heard, pass, say } = await connected();
  network.cut(['n1'], ['alice'], 'one-way');
  say(near, 'asked');
  say(far, 'answered');
  await pass(1000);
  t.same(heard, { alice: [], n1: ['asked'] });
});

t.test('a power cut lets nothing out, not even that it happened', async (t) => {
  const { network, n1, near, far, heard, pass, say } = await connected();
  say(far, 'on its way');
  network.down(n1.host);
  n1.process.die();
  network.endConnectionsOf(n1.process);
  await pass(60_000);
  t.same(heard.alice, []);
  t.ok(near.open, 'and whoever is left does not know');
});

t.test('of a killed process the kernel sends what it had said, and the end', async (t) => {
  const { network, n1, far, heard, pass, say } = await connected();
  say(far, 'last words');
  n1.process.die();
  network.endConnectionsOf(n1.process);
  await pass(10);
  t.same(heard.alice, ['last words', 'the other side closed the connection']);
});

t.test('a connection to an address that leads elsewhere by now is reset', async (t) => {
  const { network, n1, n2, near, heard, pass, say } = await connected();
  network.down(n1.host);
  network.raise(SERVICE, n2.host);
  say(near, 'anybody there?');
  await pass(10);
  t.same(heard.alice, ['the connection was reset']);
});

t.test('nobody listens: refused at once; nobody is there: not answered at all', async (t) => {
  const { timeline, network, alice, n1, n2 } = await connected();
  const dial = (address: string) =>
    timeline.through(network.connect(alice.process, alice.host, { address, port: PORT }, 700));
  const before = timeline.nowMs;
  t.equal(await dial('10.77.0.3'), null);
  t.ok(timeline.nowMs - before < 10);
  network.down(n2.host);
  t.equal(await dial('10.77.0.3'), null);
  t.ok(timeline.nowMs - before >= 700);
  n1.process.pause();
  t.ok(await dial(SERVICE), 'the kernel of a process that stands still answers for it');
});

t.test('a process that stands still hears everything when it goes on', async (t) => {
  const { n1, near, heard, pass, say } = await connected();
  n1.process.pause();
  say(near, 'a');
  await pass(100);
  say(near, 'b');
  await pass(100);
  t.same(heard.n1, []);
  n1.process.resume();
  await pass(1);
  t.same(heard.n1, ['a', 'b']);
});
