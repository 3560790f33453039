import t from 'tap';
import { Kernel } from '../../../src/sim/machine/kernel.ts';
import { SimProcess } from '../../../src/sim/machine/process.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const SLOT = { start: 7n, end: 8n };

function scene(random: () => number = () => 0.3) {
  const timeline = new Timeline();
  const kernel = new Kernel(timeline, random);
  let pid = 0;
  const process = () => {
    pid += 1;
    const one = new SimProcess(`p${pid}`, pid, timeline);
    return { process: one, calls: kernel.callsOf(one, (path) => path) };
  };
  return { timeline, kernel, process };
}

t.test(
  'closing any descriptor of a file drops the locks of the process on it, and of no description but its own',
  async (t) => {
    const { process } = scene();
    const [{ calls: ours }, { calls: theirs }] = [process(), process()];
    const [first, second, other] = [ours.openFile('/f'), ours.openFile('/f'), theirs.openFile('/f')];
    t.equal(ours.set(first, 'process', SLOT, 'write'), 0);
    t.equal(ours.set(first, 'description', { start: 20n, end: 30n }, 'write'), 0);
    t.equal(theirs.isByteLocked(other, 'process', 7n), 1);
    t.equal(ours.isByteLocked(second, 'process', 7n), 0, 'nobody stands in its own way');
    ours.close(second);
    t.equal(theirs.isByteLocked(other, 'process', 7n), 0);
    t.equal(theirs.isByteLocked(other, 'process', 25n), 1);
  },
);

t.test('a lock is split, upgraded and refused as fcntl does', async (t) => {
  const { process } = scene();
  const [{ calls: ours }, { calls: theirs }] = [process(), process()];
  const [fd, other] = [ours.openFile('/f'), theirs.openFile('/f')];
  t.equal(ours.set(fd, 'description', { start: 0n, end: null }, 'read'), 0);
  t.equal(theirs.set(other, 'description', { start: 5n, end: 6n }, 'read'), 0, 'readers stand side by side');
  t.ok(ours.set(fd, 'description', { start: 0n, end: 10n }, 'write') < 0, 'an upgrade over another reader');
  t.equal(ours.set(fd, 'description', { start: 10n, end: 20n }, null), 0);
  t.equal(theirs.find(other, 'description', { start: 10n, end: 20n }, 'write'), null);
  t.same(theirs.find(other, 'description', { start: 10n, end: 30n }, 'write'), {
    span: { start: 20n, end: null },
    mode: 'read',
  });
});

t.test(
  'D16: a dying process loses its beacon first, and its other locks one by one, each at a moment of its own',
  async (t) => {
    const { timeline, kernel, process } = scene();
    const [{ process: dying, calls: ours }, { calls: theirs }] = [process(), process()];
    const beacon = ours.openFile('/beacon');
    const locks = [1n, 2n, 3n].map((start) => {
      const fd = ours.openFile('/f');
      ours.set(fd, 'description', { start, end: start + 1n }, 'write');
      return start;
    });
    ours.set(beacon, 'process', SLOT, 'write');
    const [theirBeacon, their] = [theirs.openFile('/beacon'), theirs.openFile('/f')];
    const held = () => locks.filter((start) => theirs.isByteLocked(their, 'description', start) === 1).length;
    dying.die();
    const seen: number[] = [];
    const gone = new Promise<void>((resolve) => kernel.takeBack(dying, resolve));
    t.equal(theirs.isByteLocked(theirBeacon, 'process', 7n), 0, 'the beacon is out');
    t.equal(held(), 3, 'and all the locks are there');
    const watch = () => {
      seen.push(held());
      if (held() > 0) timeline.after(0.05, watch);
    };
    watch();
    await timeline.through(gone);
    t.same([...new Set([...seen, held()])], [3, 2, 1, 0]);
  },
);

t.test('what a process does after its death has no effect', async (t) => {
  const { process } = scene();
  const [{ process: dead, calls: ours }, { calls: theirs }] = [process(), process()];
  const [fd, other] = [ours.openFile('/f'), theirs.openFile('/f')];
  dead.die();
  t.equal(ours.set(fd, 'description', SLOT, 'write'), 0);
  t.equal(theirs.isByteLocked(other, 'description', 7n), 0);
});
