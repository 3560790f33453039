/**
 * The agent of a container that holds many NFS clients in one process: what a node has to serve in a measurement. It
 * takes orders on stdin and answers on stdout as any agent does, but says what happened to its clients only when it is asked, so
 * that the telling takes no processor time from what is measured. It ends when stdin does.
 */
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { converse } from './conversation.ts';
import { systemClock } from './surroundings.ts';
import { Swarm } from './swarm-agent/swarm.ts';

const CONFIGURATION = z.object({
  /** What the clients' names (and their files') begin with. */
  name: z.string().min(1).max(200),
  /** Which server they mount, and its address. */
  node: z.string().min(1),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
  clients: z.int().min(1).max(10_000),
  leaseMs: z.number().positive(),
  originNs: z.string().regex(/^\d+$/),
});

const timeoutMs = z.number().positive();
const ORDER = z.discriminatedUnion('command', [
  z.object({ command: z.literal('enter'), timeoutMs }),
  z.object({ command: z.literal('traffic'), forMs: z.number().positive(), timeoutMs }),
  z.object({ command: z.literal('recovered'), timeoutMs }),
  z.object({ command: z.literal('tell') }),
]);

const NS_PER_MS = 1e6;

const conversation = converse(process.stdin, process.stdout);

async function run(): Promise<void> {
  const { originNs, ...options } = CONFIGURATION.parse(await conversation.configuration);
  const origin = BigInt(originNs);
  const stamp = (): number => Number(process.hrtime.bigint() - origin);
  const clock: Clock = { nowMs: () => stamp() / NS_PER_MS, after: systemClock.after };
  const swarm = new Swarm({ ...options, clock, stamp, random: Math.random });
  conversation.serve((command) => obey(swarm, ORDER.parse(command)));
  conversation.send({ ready: true });
}

async function obey(swarm: Swarm, order: z.output<typeof ORDER>): Promise<object> {
  switch (order.command) {
    case 'enter':
      return await swarm.enter(order.timeoutMs);
    case 'traffic':
      return await swarm.traffic(order.forMs, order.timeoutMs);
    case 'recovered':
      return await swarm.recovered(order.timeoutMs);
    case 'tell':
      for (const event of swarm.news()) conversation.send({ event });
      return swarm.standing();
  }
}

void conversation.ended.then(() => process.exit(0));
run().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
