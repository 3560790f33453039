/**
 * The agent of a local program: runs in a node's container beside the node, uses the gate like any program, and does what the lab tells it on stdin. It ends
 * when stdin does, and with the container.
 */
import { z } from 'zod';
import { NODE_PATHS } from '../../runtime/runtime.ts';
import { converse } from './conversation.ts';
import { LocalProgram } from './program-agent/local-program.ts';
import { obeyAsProgram } from './program-agent/program-commands.ts';

const CONFIGURATION = z.object({
  name: z.string().min(1),
  /** On which node it runs. */
  node: z.string().min(1),
  originNs: z.string().regex(/^\d+$/),
  operationsFrom: z.int().min(0).default(0),
  /** By how much this container's clock is ahead of the one that the history goes by. */
  clockAheadMs: z.number().default(0),
});

/** How often it looks whether its node lives while it has files open. */
const BEAT_MS = 100;
const NS_PER_MS = 1e6;

const conversation = converse(process.stdin, process.stdout);
// A call that waits in the kernel keeps a thread of the pool; nobody waits for it.
void conversation.ended.then(() => process.kill(process.pid, 'SIGKILL'));

const { name, node, originNs, operationsFrom, clockAheadMs } = CONFIGURATION.parse(
  await conversation.configuration,
);
const origin = BigInt(originNs);
const stamp = (): number => Number(process.hrtime.bigint() - origin) - clockAheadMs * NS_PER_MS;
const program = new LocalProgram({
  name,
  node,
  directory: NODE_PATHS.gate,
  operationsFrom,
  stamp,
  observe: (event) => conversation.send({ event: { t: stamp(), ...event } }),
});
conversation.send({
  event: { t: stamp(), kind: 'client', client: name, node, event: 'started', local: true },
});
setInterval(() => void program.beat(), BEAT_MS);
conversation.serve((command) => obeyAsProgram(program, command));
conversation.send({ ready: true });
