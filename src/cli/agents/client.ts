/**
 * The agent of a client container: an NFS client that does what the lab tells it on stdin and reports on
 * stdout all that happens to it. It ends when stdin does.
 */
import { z } from 'zod';
import { NfsClient } from '../../client/nfs-client.ts';
import type { Clock } from '../../core/clock.ts';
import { firstProblem, obey } from './client-agent/commands.ts';
import { GuardedCells } from './client-agent/guarded-cells.ts';
import { converse } from './conversation.ts';
import { systemClock } from './surroundings.ts';

const CONFIGURATION = z.object({
  /** co_ownerid, and the client's name in the history. */
  name: z.string().min(1).max(255),
  /** Which of the servers it mounts. */
  node: z.string().min(1),
  servers: z.record(z.string(), z.string()),
  port: z.int().min(1).max(65_535),
  leaseMs: z.number().positive(),
  originNs: z.string().regex(/^\d+$/),
  principal: z.object({ uid: z.int().min(0), gid: z.int().min(0), machine: z.string() }).optional(),
});

const NS_PER_MS = 1e6;

const conversation = converse(process.stdin, process.stdout);

async function run(): Promise<void> {
  const options = CONFIGURATION.parse(await conversation.configuration);
  const { name, node, servers, port, leaseMs, originNs, principal } = options;
  const host = servers[node];
  if (host === undefined) throw new Error(`there is no server called ${node} for client ${name} to mount`);

  const origin = BigInt(originNs);
  const stamp = (): number => Number(process.hrtime.bigint() - origin);
  // The clock of the history, so that times inside of events are comparable with those of events.
  const clock: Clock = { nowMs: () => stamp() / NS_PER_MS, after: systemClock.after };

  const client = new NfsClient({
    name,
    host,
    port,
    node,
    clock,
    random: Math.random,
    leaseMs,
    ...(principal === undefined ? {} : { principal }),
    observe: (event) => conversation.send({ event: { t: stamp(), ...event } }),
  });
  const cells = new GuardedCells(client, name);
  // After the answer to the command that asks for it.
  const leave = () => void setImmediate(() => process.exit(0));
  const agent = { node, client, cells, clock, loops: new Map(), leave };

  client.start();
  conversation.serve((command) => obey(agent, command));
  conversation.send({ ready: true });
}

void conversation.ended.then(() => process.exit(0));
run().catch((error: Error) => {
  process.stderr.write(`${error instanceof z.ZodError ? firstProblem(error) : error.message}\n`);
  process.exit(1);
});
