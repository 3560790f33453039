import t from 'tap';
import type { NfsClient } from '../../../src/client/nfs-client.ts';
import { RealServer } from './fixtures/real-server.ts';

const SEEDS = 40;
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
      if (a.holder < b.holder && !apart && (a.mode === 'write' || b.mode === 'write'))
        return JSON.stringify([a, b]);
    }
  }
  return null;
}

for (let seed = 1; seed <= SEEDS; seed += 1) {
  t.test(
    `I1, I5: whatever is lost on the way, belief and server agree in the end (seed ${seed})`,
    async (t) => {
      const random = generator(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      const server = new RealServer(t);
      const { node } = server;
      const clients = [
        await server.started('alice', { slots: 4 }),
        await server.started('bob', { slots: 4 }),
      ];
      const underway: Promise<unknown>[] = [];
      server.fate = () => (random() < 0.97 ? 'arrives' : random() < 0.5 ? 'lost' : 'reset');
      for (let step = 0; step < STEPS; step += 1) {
        const file = clients[below(2)]!.file('f', { owner: `p${below(2)}` });
        const start = below(OFFSETS);
        const range = { start, end: random() < 0.1 ? null : start + 1 + below(OFFSETS) };
        const timeoutMs = random() < 0.3 ? 1 + below(300) : 20_000;
        const mode = random() < 0.5 ? 'read' : 'write';
        const chance = random();
        if (chance < 0.4) underway.push(file.lock({ ...range, mode, retry: 'none', timeoutMs }));
        else if (chance < 0.6) underway.push(file.unlock({ ...range, timeoutMs }));
        else if (chance < 0.7) underway.push(file.write(start, 'x', { timeoutMs }));
        else if (chance < 0.75) underway.push(file.read(start, 4, { timeoutMs }));
        else if (chance < 0.78) {
          await server.powerCut();
          await node.clock.advance(below(1500));
          server.powerOn();
          if (random() < 0.5) {
            await node.clock.advance(below(40));
            await server.reboot();
          }
          await server.settle(Promise.all(clients.map((client) => client.recovered())));
          node.coordination.lift();
        } else await node.clock.advance(below(30));
        t.equal(contradiction(clients), null, `step ${step}`);
      }
      server.fate = () => 'arrives';
      await server.settle(Promise.all(underway));
      // What was given up by its caller may still be on its way.
      await node.clock.advance(1000);
      t.equal(contradiction(clients), null);
      const believed = clients.map((client) => client.held.length);
      const granted = ['alice', 'bob'].map((name) => {
        const known = node.server.summary().clients.find((summary) => summary.name === name);
        return known?.locks ?? 0;
      });
      t.same(granted, believed, 'ranges that the server holds, ranges that the client believes in');
      for (const client of clients) t.match(await server.settle(client.stop()), { status: 'OK' });
      t.same(node.server.summary().clients, []);
    },
  );
}
