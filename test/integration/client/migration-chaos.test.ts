import t from 'tap';
import type { NfsClient } from '../../../src/client/nfs-client.ts';
import { type FilesystemName, RealCluster } from './fixtures/real-cluster.ts';

const SEEDS = 30;
const STEPS = 60;
const OFFSETS = 8;

/** Small, fast, and good enough to spread test cases (mulberry32). */
function generator(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two beliefs that cannot both be true, or null. */
function contradiction(clients: readonly NfsClient[]): string | null {
  const held = clients.flatMap((client, index) =>
    client.held.map((lock) => ({ holder: `${index}/${lock.owner}`, ...lock })),
  );
  for (const a of held) {
    for (const b of held) {
      const apart = (a.end ?? Infinity) <= b.start || (b.end ?? Infinity) <= a.start;
      const others = a.holder < b.holder && a.file === b.file;
      if (others && !apart && (a.mode === 'write' || b.mode === 'write')) return JSON.stringify([a, b]);
    }
  }
  return null;
}

for (let seed = 1; seed <= SEEDS; seed += 1) {
  t.test(`I1, I5: wherever filesystems go, belief and servers agree in the end (seed ${seed})`, async (t) => {
    const random = generator(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const filesystem = (): FilesystemName => (random() < 0.5 ? 'home' : 'work');
    const cluster = new RealCluster(t);
    const { n1, n2 } = cluster;
    const names = ['alice', 'bob'];
    const clients: NfsClient[] = [];
    for (const name of names) clients.push(await cluster.started(name, { slots: 4 }));
    for (const node of [n1, n2])
      node.fate = () => (random() < 0.97 ? 'arrives' : random() < 0.5 ? 'lost' : 'reset');
    const underway: Promise<unknown>[] = [];
    const recovered = () => cluster.settle(Promise.all(clients.map((client) => client.recovered())));
    for (let step = 0; step < STEPS; step += 1) {
      const file = clients[below(2)]!.file(`${filesystem()}/f`, { owner: `p${below(2)}` });
      const start = below(OFFSETS);
      const range = { start, end: random() < 0.1 ? null : start + 1 + below(OFFSETS) };
      const timeoutMs = random() < 0.3 ? 1 + below(300) : 20_000;
      const mode = random() < 0.5 ? 'read' : 'write';
      const chance = random();
      if (chance < 0.4) underway.push(file.lock({ ...range, mode, retry: 'none', timeoutMs }));
      else if (chance < 0.6) underway.push(file.unlock({ ...range, timeoutMs }));
      else if (chance < 0.7) underway.push(file.write(start, 'x', { timeoutMs }));
      else if (chance < 0.74) underway.push(file.close({ timeoutMs }));
      else if (chance < 0.82) {
        const moved = filesystem();
        const from = cluster.servingNode(moved);
        cluster.move(moved, from, from === n1 ? n2 : n1, random() < 0.5);
        if (random() < 0.5) await cluster.clock.advance(below(40));
        else await recovered();
      } else if (chance < 0.86) {
        const node = random() < 0.5 ? n1 : n2;
        await node.powerCut();
        await cluster.clock.advance(below(1500));
        node.powerOn();
      } else if (chance < 0.9) {
        await recovered();
        cluster.lift();
      } else await cluster.clock.advance(below(30));
      t.equal(contradiction(clients), null, `step ${step}`);
    }
    for (const node of [n1, n2]) node.fate = () => 'arrives';
    await recovered();
    cluster.lift();
    await cluster.settle(Promise.all(underway));
    // What was given up by its caller may still be on its way.
    await cluster.clock.advance(1000);
    t.equal(contradiction(clients), null);
    for (const [index, name] of names.entries()) {
      const granted = [n1, n2].reduce(
        (sum, node) => sum + (node.clients.find((summary) => summary.name === name)?.locks ?? 0),
        0,
      );
      t.equal(granted, clients[index]!.held.length, `${name}: ranges that servers hold, and believed in`);
    }
    t.same(
      clients.flatMap((client) => client.lost),
      [],
      'nobody was late',
    );
    for (const client of clients) t.match(await cluster.settle(client.stop()), { status: 'OK' });
    for (const node of [n1, n2]) t.same(node.clients, []);
  });
}
