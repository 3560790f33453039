import t from 'tap';
import { containerFencer } from '../../../src/runtime/container-fencer.ts';
import type { Container } from '../../../src/runtime/runtime.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { failedWith, GONE, LIFE } from './fixtures/life.ts';

/** A node of a lab, of which the fencer sees the container and what the node has said about itself. */
class Node implements Pick<Container, 'running' | 'kill'> {
  readonly clock = new VirtualClock();
  readonly killed: (number | string)[] = [];
  incarnation: number | null = null;
  life: object | undefined;
  running = false;
  /** What happens in `kill`; settles when all is gone. */
  dies: () => Promise<void> = async () => this.end();

  get fencer() {
    const container = this as unknown as Container;
    const lookup = () => ({ container, incarnation: this.incarnation, life: this.life });
    return containerFencer(lookup, { clock: this.clock, limitMs: 1_000, namingMs: 200 });
  }

  kill(): Promise<void> {
    this.killed.push(this.incarnation ?? 'nameless');
    return this.dies();
  }

  boot(incarnation: number | null): this {
    this.running = true;
    this.incarnation = incarnation;
    this.life = {};
    return this;
  }

  end(): void {
    this.running = false;
    this.incarnation = null;
    this.life = undefined;
  }
}

/** Lets the virtual time pass until the promise has settled. */
async function settledWithin<T>(
  clock: VirtualClock,
  ms: number,
  promise: Promise<T>,
): Promise<T | 'unsettled'> {
  let outcome: T | 'unsettled' = 'unsettled';
  void promise.then((value) => {
    outcome = value;
  });
  await clock.advance(ms);
  return outcome;
}

t.test('the named life is killed, and is gone when the container is', async (t) => {
  const node = new Node().boot(4);
  const dying = Promise.withResolvers<void>();
  node.dies = () => dying.promise;
  const fencing = node.fencer.fence(LIFE);
  t.equal(await settledWithin(node.clock, 500, fencing), 'unsettled', 'a kill that was sent is not enough');
  node.end();
  dying.resolve();
  t.match(await fencing, GONE);
  t.strictSame(node.killed, [4]);
});

t.test('fencing again finds it gone', async (t) => {
  const node = new Node().boot(4);
  t.match(await node.fencer.fence(LIFE), GONE);
  t.match(await settledWithin(node.clock, 100, node.fencer.fence(LIFE)), GONE);
  t.strictSame(node.killed, [4]);
});

t.test('a later life is left alone: the named one is over', async (t) => {
  const node = new Node().boot(5);
  t.match(await node.fencer.fence(LIFE), GONE);
  t.strictSame(node.killed, []);
});

t.test('a life that is booted while the named one dies is left alone', async (t) => {
  const node = new Node().boot(4);
  node.dies = async () => {
    node.end();
    node.boot(null);
  };
  t.match(await node.fencer.fence(LIFE), GONE);
  t.strictSame(node.killed, [4]);
  t.ok(node.running);
});

t.test('a node whose boot the lab is about to hear of is not taken for one that does not run', async (t) => {
  const node = new Node();
  const fencing = node.fencer.fence(LIFE);
  // Its agent has been running for a while; this turn of the event loop is the first in which the lab learns it.
  node.boot(4);
  t.match(await settledWithin(node.clock, 100, fencing), GONE);
  t.strictSame(node.killed, [4]);
});

t.test('a life without a name is given time to say it', async (t) => {
  const later = new Node().boot(null);
  const fencing = later.fencer.fence(LIFE);
  await later.clock.advance(100);
  later.incarnation = 5;
  t.match(await settledWithin(later.clock, 100, fencing), GONE);
  t.strictSame(later.killed, []);

  const named = new Node().boot(null);
  const fencingNamed = named.fencer.fence(LIFE);
  await named.clock.advance(100);
  named.incarnation = 4;
  t.match(await settledWithin(named.clock, 100, fencingNamed), GONE);
  t.strictSame(named.killed, [4]);
});

t.test(
  'I8: a life that never says its name is killed in the end, and so is one that says an earlier one',
  async (t) => {
    for (const incarnation of [null, 3]) {
      const node = new Node().boot(incarnation);
      const fencing = node.fencer.fence(LIFE);
      await node.clock.advance(199);
      t.strictSame(node.killed, []);
      t.match(await settledWithin(node.clock, 100, fencing), GONE);
      t.strictSame(node.killed, [incarnation ?? 'nameless']);
    }
  },
);

t.test('a nameless life that ended by itself is gone, and the next nameless one is left alone', async (t) => {
  const node = new Node().boot(null);
  const fencing = node.fencer.fence(LIFE);
  await node.clock.advance(150);
  // So fast that no look falls in between.
  node.end();
  node.boot(null);
  t.match(await settledWithin(node.clock, 400, fencing), GONE);
  t.strictSame(node.killed, []);
});

t.test('a container that does not die is nobody knows, after the time limit', async (t) => {
  const node = new Node().boot(4);
  node.dies = () => new Promise(() => undefined);
  const fencing = node.fencer.fence(LIFE);
  t.equal(await settledWithin(node.clock, 999, fencing), 'unsettled');
  t.match(
    await settledWithin(node.clock, 1, fencing),
    failedWith(/1000 ms of waiting for the container n2 to end/),
  );
});

t.test('a kill that fails, or that kills nothing, is nobody knows', async (t) => {
  const refused = new Node().boot(4);
  refused.dies = async () => {
    throw new Error('not permitted');
  };
  t.match(await refused.fencer.fence(LIFE), failedWith(/not permitted/));
  const unhurt = new Node().boot(4);
  unhurt.dies = async () => undefined;
  t.match(await unhurt.fencer.fence(LIFE), failedWith(/still runs incarnation 4 .* by hand/));
});

t.test('a node that this lab does not have is nobody knows', async (t) => {
  const fencer = containerFencer(() => undefined, { clock: new VirtualClock() });
  t.match(await fencer.fence(LIFE), failedWith(/no container n2 in this lab/));
});
