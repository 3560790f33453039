/**
 * Partitions of a real network. What was dropped is told from the order of datagrams: the network keeps it, so a
 * datagram that has not come before a later one was dropped.
 */
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import type { Container } from '../../../src/runtime/runtime.ts';
import { raiseServiceAddress } from '../../../src/runtime/service-address.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { Peer } from './programs/peer-control.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
const lab = await NamespaceLab.open({ clock: realClock, env: process.env, log: { line: () => undefined } });
const nodes = await Promise.all(['n1', 'n2', 'n3'].map((name) => lab.container({ name, role: 'node' })));
const [n1, n2, n3] = nodes as [Container, Container, Container];
const BOTH = { direction: 'both' } as const;

/** Has `container` know where the others are for good, so that no datagram is late for want of ARP. */
async function introduce(container: Container): Promise<void> {
  const others = nodes.filter((node) => node !== container);
  const lines = others.flatMap((other) =>
    [other.address, other.serviceAddress].map((address) => {
      const mac = `02:00:${other.address
        .split('.')
        .map((byte) => Number(byte).toString(16).padStart(2, '0'))
        .join(':')}`;
      return `neighbour replace ${address} lladdr ${mac} nud permanent dev eth0`;
    }),
  );
  const { code, stderr } = await container.exec(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  if (code !== 0) throw new Error(stderr);
}

async function boot(container: Container): Promise<Peer> {
  const peer = await Peer.boot(container);
  await introduce(container);
  return peer;
}

async function bootAll(): Promise<readonly [Peer, Peer, Peer]> {
  return [await boot(n1), await boot(n2), await boot(n3)];
}

const killAll = () => Promise.all(nodes.map((node) => node.kill()));

t.test('a partition in both directions drops everything, and nothing between others', async (t) => {
  const [p1, p2, p3] = await bootAll();
  await p2.listen();
  await p1.connect('to-n2', n2.address);
  const partition = await lab.partition(['n1'], ['n2'], BOTH);
  await p1.tell(n2.address, 'cut');
  await p2.tell(n1.address, 'cut too');
  p1.write('to-n2', 'waits');
  t.equal(
    (await n1.exec(['arping', '-q', '-c', '1', '-w', '1', '-I', 'eth0', n2.address])).code,
    1,
    'not even a broadcast passes',
  );
  await p3.tell(n1.address, 'from n3');
  await p1.tell(n3.address, 'to n3');
  await Promise.all([p1.hear('from n3'), p3.hear('to n3')]);

  await partition.heal();
  await p1.tell(n2.address, 'healed');
  await p2.tell(n1.address, 'healed too');
  await Promise.all([p2.hear('healed'), p1.hear('healed too')]);
  t.strictSame(p2.heard(), ['healed']);
  t.strictSame(p1.heard(), ['from n3', 'healed too']);
  await p2.until((seen) => seen.name === 'accepted' && seen.text === 'waits');
  t.pass('a connection outlives it, as TCP sends again');
  await killAll();
});

t.test('a one-way partition drops what the first group sends and nothing else', async (t) => {
  const [p1, p2, p3] = await bootAll();
  const partition = await lab.partition(['n1'], ['n2', 'n3'], { direction: 'one-way' });
  await p1.tell(n2.address, 'cut');
  await p1.tell(n3.address, 'cut');
  await p2.tell(n1.address, 'passes');
  await p3.tell(n1.address, 'passes too');
  await Promise.all([p1.hear('passes'), p1.hear('passes too')]);
  await partition.heal();
  await p1.tell(n2.address, 'healed');
  await p1.tell(n3.address, 'healed');
  await Promise.all([p2.hear('healed'), p3.hear('healed')]);
  t.strictSame([p2.heard(), p3.heard()], [['healed'], ['healed']]);
  await killAll();
});

t.test('a partition outlives reboots, and holds for service addresses wherever they are', async (t) => {
  const [p1] = await bootAll();
  const partition = await lab.partition(['n1'], ['n2'], BOTH);
  await n2.exec(['ip', 'link', 'delete', 'dev', 'eth0']);
  await n2.powerCut();
  const p2 = await boot(n2);
  const moved = n3.serviceAddress ?? '';
  await raiseServiceAddress(moved, 'eth0', (argv) => n2.exec(argv));
  const mac = (await n2.exec(['cat', '/sys/class/net/eth0/address'])).stdout.trim();
  await n1.exec(`ip neighbour replace ${moved} lladdr ${mac} nud permanent dev eth0`.split(' ') as [string]);
  await p1.tell(n2.address, 'cut');
  await p1.tell(moved, 'cut');
  await partition.heal();
  await p1.tell(moved, 'healed');
  await p2.hear('healed');
  t.strictSame(p2.heard(), ['healed']);
  await killAll();
});

t.test('overlapping partitions are healed in any order; each keeps what is its own', async (t) => {
  const [p1, p2, p3] = await bootAll();
  const first = await lab.partition(['n1'], ['n2'], BOTH);
  const [second, third] = await Promise.all([
    lab.partition(['n1'], ['n2', 'n3'], BOTH),
    lab.partition(['n2'], ['n3'], { direction: 'one-way' }),
  ]);
  await first.heal();
  await p1.tell(n2.address, 'still cut by the second');
  await p2.tell(n3.address, 'cut by the third');
  await p3.tell(n2.address, 'the other way');
  await p2.hear('the other way');
  await second.heal();
  await second.heal();
  await p1.tell(n2.address, 'healed');
  await p1.tell(n3.address, 'healed');
  await p2.tell(n3.address, 'still cut by the third');
  await Promise.all([p2.hear('healed'), p3.hear('healed')]);
  await third.heal();
  await p2.tell(n3.address, 'all healed');
  await p3.hear('all healed');
  t.strictSame(p2.heard(), ['the other way', 'healed']);
  t.strictSame(p3.heard(), ['healed', 'all healed']);
  await killAll();
});

t.test('groups that make no sense are refused in one sentence', async (t) => {
  await t.rejects(lab.partition(['n1'], ['nobody'], BOTH), {
    message: 'there is no container "nobody" to partition',
  });
  await t.rejects(lab.partition(['n1', 'n2'], ['n2'], BOTH), {
    message: '"n2" cannot be partitioned from itself',
  });
});

t.teardown(() => lab[Symbol.asyncDispose]());
