import t from 'tap';
import { Kernel } from '../../../src/sim/machine/kernel.ts';
import { LockManager } from '../../../src/sim/machine/lock-manager.ts';
import { SimProcess } from '../../../src/sim/machine/process.ts';
import { Network } from '../../../src/sim/network/network.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const RANGE = { start: 0n, end: 10n };

/** Three nodes of one filesystem, of which each holds a range of its own. */
function scene() {
  const timeline = new Timeline();
  const kernel = new Kernel(timeline, () => 0.3);
  const network = new Network(timeline, () => 0.3);
  const nodes = ['n1', 'n2', 'n3'].map((name, at) => {
    const process = new SimProcess(name, at + 1, timeline);
    const host = network.host(name);
    host.up = true;
    const calls = kernel.callsOf(process, (path) => path);
    const fd = calls.openFile('/f');
    const own = { start: BigInt(100 * at), end: BigInt(100 * at + 10) };
    calls.set(fd, 'description', own, 'write');
    calls.set(fd, 'process', { start: own.start + 50n, end: own.start + 51n }, 'write');
    return { process, host, calls, fd };
  });
  new LockManager({ timeline, kernel, network }, () => nodes);
  const pass = (ms: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    timeline.after(ms, resolve);
    return timeline.through(promise);
  };
  return { nodes: nodes as [Node, Node, Node], network, kernel, pass };
  type Node = (typeof nodes)[number];
}

t.test(
  'D19: who is cut off for long loses its locks while it lives, and neither side sees the other',
  async (t) => {
    const { nodes, network, pass } = scene();
    const [n1, n2, n3] = nodes;
    t.equal(n2.calls.set(n2.fd, 'description', RANGE, 'write') < 0, true, 'n1 holds it');
    const heal = network.cut(['n1'], ['n2', 'n3'], 'both');
    await pass(300);
    t.equal(n2.calls.isByteLocked(n2.fd, 'process', 50n), 1, 'not at once');
    await pass(300);
    heal();
    t.equal(n2.calls.isByteLocked(n2.fd, 'process', 50n), 0, 'its beacon is out');
    t.equal(n2.calls.set(n2.fd, 'description', RANGE, 'write'), 0, 'its range is free');
    t.equal(n1.calls.isByteLocked(n1.fd, 'process', 150n), 0, 'it misses the beacons of the others');
    t.equal(n1.calls.set(n1.fd, 'description', RANGE, 'read'), 0, 'and believes in its own');
    t.equal(n3.calls.isByteLocked(n3.fd, 'process', 150n), 1, 'the others go on');
  },
);

t.test(
  'who stands still for long loses them as well, and who is cut off for a moment does not',
  async (t) => {
    const { nodes, network, pass } = scene();
    const [n1, n2] = nodes;
    const heal = network.cut(['n1'], ['n2', 'n3'], 'one-way');
    await pass(200);
    heal();
    await pass(600);
    t.equal(n2.calls.isByteLocked(n2.fd, 'process', 50n), 1);
    n1.process.pause();
    await pass(600);
    t.equal(n2.calls.isByteLocked(n2.fd, 'process', 50n), 0);
  },
);

t.test('what a dropped process holds goes with it, and its next life sees what all see', async (t) => {
  const { nodes, kernel, pass } = scene();
  const [n1, n2] = nodes;
  kernel.dropLocksOf(n1.process);
  n1.process.die();
  kernel.takeBack(n1.process, () => {});
  await pass(100);
  t.equal(n2.calls.set(n2.fd, 'description', RANGE, 'write'), 0);
  t.equal(n2.calls.isByteLocked(n2.fd, 'process', 250n), 1);
});
