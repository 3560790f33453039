/**
 * The agent of a node container, and the composition root of a node: filesystem, beacon, store,
 * coordinator and lock server, with the machine's clock. It reports to the lab on stdout and ends with
 * its stdin. Exit status: 0 told to end, 1 could not start, 70 fenced and to be booted again.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { asNodeId } from '../../core/ids.ts';
import { NODE_NAME } from '../../core/ledger-text.ts';
import { NODE_MUTANTS } from '../../core/mutants.ts';
import type { NodeEvent } from '../../history/events.ts';
import { Coordinator } from '../../server/coordinator.ts';
import { Beacon } from '../../server/filesystem/beacon.ts';
import { ExportedFilesystem } from '../../server/filesystem/filesystem.ts';
import { RangeLocks } from '../../server/filesystem/range-locks.ts';
import { LockServer } from '../../server/server.ts';
import { SqliteStore } from '../../store/sqlite.ts';
import { StoreUnavailableError } from '../../store/store.ts';
import { CONTROL_FILES, handleKey } from './control-directory.ts';
import { converse } from './conversation.ts';
import { systemClock } from './surroundings.ts';

const NAME = z.string().regex(NODE_NAME);
const CONFIGURATION = z.object({
  node: NAME,
  /** Who is in the domain when its ledger is made. */
  members: z.array(NAME).min(1),
  address: z.string(),
  port: z.int().min(0).max(65_535),
  leaseMs: z.number().positive(),
  graceMs: z.number().positive(),
  originNs: z.string().regex(/^\d+$/),
  /** The shared filesystem: `export/` and the control directory are in it. */
  shared: z.string(),
  mutants: z.array(z.enum(NODE_MUTANTS)).default([]),
  beaconPollMs: z.number().positive().default(20),
});

const FENCED_EXIT = 70;
const NS_PER_MS = 1e6;
const STORE_PATIENCE_MS = 5000;
const STORE_RETRY_MS = 10;

const conversation = converse(process.stdin, process.stdout);

async function run(): Promise<void> {
  const options = CONFIGURATION.parse(await conversation.configuration);
  const origin = BigInt(options.originNs);
  const stamp = (): number => Number(process.hrtime.bigint() - origin);
  const clock = { nowMs: () => stamp() / NS_PER_MS, after: systemClock.after };
  let incarnation = 0;
  const observe = (event: Omit<NodeEvent, 't' | 'kind' | 'node' | 'incarnation'>) =>
    conversation.send({ event: { t: stamp(), ...event, kind: 'node', node: options.node, incarnation } });

  const control = join(options.shared, '.gracelab');
  const mutants = new Set(options.mutants);
  const key = handleKey(control, randomBytes);
  const coordinator = await Coordinator.boot({
    node: asNodeId(options.node),
    foundingMembers: options.members.map(asNodeId),
    beaconProvesDeath: true,
    store: await openStore(join(control, CONTROL_FILES.ledger), clock),
    beacon: Beacon.open(join(control, CONTROL_FILES.beacon), {
      ownership: mutants.has('D16') ? 'description' : 'process',
    }),
    clock,
    leaseMs: options.leaseMs,
    graceMs: options.graceMs,
    beaconPollMs: options.beaconPollMs,
    mutants,
    observe,
    observeSwap: (command, { ledger, revision }, life, sentAtMs) => {
      incarnation = life;
      const sentAt = Math.floor(sentAtMs * NS_PER_MS);
      conversation.send({
        event: {
          t: stamp(),
          kind: 'ledger',
          sentAt,
          node: options.node,
          incarnation,
          command,
          ledger,
          revision,
        },
      });
    },
    onFenced: (reason) => end(FENCED_EXIT, `${options.node} was fenced: ${reason}`),
  });

  // Also where the boot's swap was done without this node being told.
  incarnation = coordinator.incarnation;

  const filesystem = new ExportedFilesystem({ exportDir: join(options.shared, 'export'), handleKey: key });
  const server = new LockServer({
    filesystem,
    locks: new RangeLocks(filesystem),
    coordination: coordinator,
    clock,
    observe,
    leaseMs: options.leaseMs,
    serverOwner: { major: `gracelab/${options.node}`, minor: 0n },
    // The same on all nodes of this cluster, and on no other: clients may reclaim at any of them (row 27).
    serverScope: createHash('sha256').update('scope').update(key).digest('hex').slice(0, 32),
    bootVerifier: bootVerifier(incarnation),
    // A conflict on another node is never seen here, so an expired client's locks cannot wait for one (row 21).
    courtesy: options.members.length > 1 ? 'none' : 'until-conflict',
    denyModes: options.members.length > 1 ? 'refused' : 'this-node',
  });
  const { address, port } = await listen(server, options.address, options.port);
  observe({ event: 'serving', view: coordinator.status().ledger.view });
  conversation.serve(async ({ command }) => {
    switch (command) {
      case 'status':
        return { ...coordinator.status(), ...server.summary() };
      case 'leave':
        await coordinator.leave(() => server.releaseAllState());
        return {};
      default:
        throw new Error(`a node does not know the command ${command}`);
    }
  });
  conversation.send({ ready: true, incarnation, address, port });
}

/**
 * Nodes that boot at the same moment make the file together, and SQLite refuses at once, without its usual
 * patience, whoever wants to switch it to write-ahead logging while another one reads it.
 * @throws StoreUnavailableError when that goes on for too long
 */
async function openStore(path: string, clock: Clock): Promise<SqliteStore> {
  const giveUpMs = clock.nowMs() + STORE_PATIENCE_MS;
  for (;;) {
    try {
      return SqliteStore.open({ path, clock });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.nowMs() >= giveUpMs) throw error;
      await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
    }
  }
}

/** @throws Error one sentence with the remedy */
async function listen(
  server: LockServer,
  host: string,
  port: number,
): Promise<{ address: string; port: number }> {
  try {
    return await server.listen(host, port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new Error(`port ${port} of ${host} is in use: stop the program that listens there.`);
    if (code === 'EACCES')
      throw new Error(`port ${port} of ${host} is not permitted: ports below 1024 need root.`);
    throw new Error(`cannot serve on port ${port} of ${host}: ${message}`);
  }
}

/** Differs in every life: the incarnation does, and the rest keeps clusters apart. */
function bootVerifier(incarnation: number): Buffer {
  const verifier = Buffer.concat([Buffer.alloc(4), randomBytes(4)]);
  verifier.writeUInt32BE(incarnation);
  return verifier;
}

/** Ends at once: nothing of this life may go on granting, and the kernel takes locks and beacon along in the right order. */
function end(code: number, sentence?: string): never {
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

process.on('SIGTERM', () => end(0));
void conversation.ended.then(() => end(0));
run().catch((error: Error) => end(1, error.message));
