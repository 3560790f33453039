/** The life of a client: it does what the lab tells it, and reports all that happens to it. */
import { z } from 'zod';
import { Callbacks } from '../../../client/callbacks.ts';
import type { Dial } from '../../../client/channel.ts';
import { NfsClient } from '../../../client/nfs-client.ts';
import type { Observe } from '../../../client/observer.ts';
import type { Clock, Random } from '../../../core/clock.ts';
import type { Conversation } from '../conversation.ts';
import { obey } from './commands.ts';
import { GuardedCells } from './guarded-cells.ts';

const CONFIGURATION = z.object({
  /** co_ownerid, and the client's name in the history. */
  name: z.string().min(1).max(255),
  /** Which of the servers it mounts. */
  node: z.string().min(1),
  /** Their addresses, by name: a filesystem may move from one to another. */
  servers: z.record(z.string(), z.string()),
  port: z.int().min(1).max(65_535),
  leaseMs: z.number().positive(),
  originNs: z.string().regex(/^\d+$/),
  /** By how much this machine's clock is ahead of the one that the history goes by. */
  clockAheadMs: z.number().default(0),
  /** How many operations the client's former lives may have numbered. */
  operationsFrom: z.int().min(0).default(0),
  principal: z.object({ uid: z.int().min(0), gid: z.int().min(0), machine: z.string() }).optional(),
});

const NS_PER_MS = 1e6;

/** What a client needs of the machine that it lives on. */
export interface ClientMachine {
  /** The clock of the lab's history, which all its machines share. */
  readonly monotonicNs: () => bigint;
  readonly after: Clock['after'];
  readonly random: Random;
  /** Left out: TCP. */
  readonly dial?: (host: string, port: number) => Dial;
  /** Ends the process, with status 0, once what was said before has gone out. */
  readonly leave: () => void;
}

/** Rejects with one sentence, or what is wrong with its configuration, when it cannot begin. */
export async function liveAsClient(conversation: Conversation, machine: ClientMachine): Promise<void> {
  const options = CONFIGURATION.parse(await conversation.configuration);
  const { name, node, servers, port, leaseMs, originNs, principal, clockAheadMs, operationsFrom } = options;
  const host = servers[node];
  if (host === undefined) throw new Error(`there is no server called ${node} for client ${name} to mount`);

  const origin = BigInt(originNs);
  const aheadNs = clockAheadMs * NS_PER_MS;
  // The client goes by its own clock, however far ahead that is; the history by the one that all share.
  const own = (): number => Number(machine.monotonicNs() - origin);
  const stamp = (): number => own() - aheadNs;
  const clock: Clock = { nowMs: () => own() / NS_PER_MS, after: machine.after };
  const report: Observe = (event) => {
    const told = { t: stamp(), ...event };
    if ('sentAt' in told && told.sentAt !== undefined) told.sentAt -= aheadNs;
    conversation.send({ event: told });
  };

  // A server calls only clients that have asked it for a delegation.
  const callbacks: Callbacks = new Callbacks({ recall: (args) => client.recalled(args) });
  const client = new NfsClient({
    callbacks,
    name,
    host,
    port,
    node,
    clock,
    random: machine.random,
    servers: Object.fromEntries(Object.entries(servers).map(([name, address]) => [address, name])),
    ...(machine.dial && { dial: machine.dial }),
    leaseMs,
    ...(principal === undefined ? {} : { principal }),
    observe: report,
    operationsFrom,
  });
  const cells = new GuardedCells(client, name, operationsFrom);
  const agent = { node, client, cells, clock, loops: new Map(), leave: machine.leave };

  client.start();
  conversation.serve((command) => obey(agent, command));
  conversation.send({ ready: true });
}
