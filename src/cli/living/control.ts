/** What commands and a living lab say to each other: over a unix socket, one JSON line each way per connection. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Cut } from '../../faults/cuts.ts';
import type { Disturbance } from '../../faults/disturbances.ts';
import type { StoreKind } from '../../scenario/scenario.ts';
import type { CoordinatorStatus } from '../../server/coordinator.ts';
import type { LockServer } from '../../server/server.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { AgreedRepair } from '../ledger/desk.ts';
import type { LabPlace } from './place.ts';

/** A question to the lab. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Null: of every lock domain. */
  | { readonly command: 'why'; readonly domain: string | null }
  | { readonly command: 'down' }
  /** `start` boots what a fault has left down, `heal` ends partitions (all, where it names no target); every other name is one of the faults. */
  | {
      readonly command: 'fault';
      readonly fault: string;
      readonly targets: readonly string[];
      /** Of a partition: names, or `ledger`, `clients` and the like. */
      readonly from?: readonly string[];
      readonly parameters: Readonly<Record<string, unknown>>;
    }
  | { readonly command: 'locate'; readonly container: string }
  /** Null: of every lock domain. */
  | { readonly command: 'ledger'; readonly domain: string | null }
  | { readonly command: 'repair'; readonly domain: string; readonly agreed: AgreedRepair };

/** What a node says of itself: its coordinator (of several, that of its first lock domain), and its clients. */
export type NodeStatus = CoordinatorStatus &
  ReturnType<LockServer['summary']> & {
    /** By lock domain, where the node has several. */
    readonly domains?: Readonly<Record<string, CoordinatorStatus>>;
  };

export interface LabNodeStatus {
  readonly name: string;
  /** Its own; leads to it whoever looks after its clients. */
  readonly address: string;
  /** What its clients mount. */
  readonly serviceAddress: string;
  readonly running: boolean;
  /** The lab itself has made its process stand still. */
  readonly paused: boolean;
  readonly serving: boolean;
  /** It has never been admitted, or was retired, as far as the others know. */
  readonly spare: boolean;
  /** Why its boot waits, in half a sentence; null when it does not. */
  readonly waitingFor: string | null;
  /** As the node itself sees the cluster; null when it did not answer. */
  readonly node: NodeStatus | null;
}

export interface StoreMemberStatus {
  readonly name: string;
  readonly address: string;
  readonly running: boolean;
  readonly paused: boolean;
}

export interface LabStatus {
  readonly name: string;
  /** ISO 8601. */
  readonly upSince: string;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly store: StoreKind;
  readonly nodes: readonly LabNodeStatus[];
  /** The members of the ledger's etcd; none where it is a file. */
  readonly stores: readonly StoreMemberStatus[];
  /** Partitions in force. */
  readonly cuts: readonly Cut[];
  /** Whatever else is in force until it is healed. */
  readonly disturbances?: readonly Disturbance[];
  readonly clients: readonly { readonly name: string; readonly address: string; readonly node: string }[];
  /** One sentence when something ended that nobody had told to. */
  readonly trouble: string | null;
}

/** The process that a command is started beside: init of the container, numbered as the sandbox sees it. */
export interface Location {
  readonly pid: number;
}

/** It was begun, and did not come about as it should. Whoever asked did nothing wrong. */
export class UnfinishedError extends Error {
  override readonly name = 'UnfinishedError';
}

export type ControlReply =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly error: string; readonly unfinished: boolean };

/** Serves until the server is closed. What `answer` throws becomes the reply's one sentence, full stop included. */
export function serveControl(
  socketPath: string,
  answer: (request: ControlRequest) => Promise<unknown>,
): Promise<Server> {
  const server = createServer((socket) => {
    // Whoever asked may have gone: that is not the lab's trouble.
    socket.on('error', () => undefined);
    createInterface({ input: socket }).once('line', (line) => void reply(socket, line, answer));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve(server));
  });
}

async function reply(
  socket: Socket,
  line: string,
  answer: (request: ControlRequest) => Promise<unknown>,
): Promise<void> {
  let outcome: ControlReply;
  try {
    outcome = { ok: true, answer: await answer(JSON.parse(line) as ControlRequest) };
  } catch (error) {
    const sentence = (error as Error).message.replace(/[^.?]$/, '$&.');
    outcome = { ok: false, error: sentence, unfinished: error instanceof UnfinishedError };
  }
  socket.end(`${JSON.stringify(outcome)}\n`);
}

/**
 * @param patienceMs how long the answer may take; without it, as long as it takes
 * @throws {Refusal} when the lab does not answer, or refuses.
 */
export async function askLab<Answer>(
  place: LabPlace,
  request: ControlRequest,
  patienceMs = 0,
): Promise<Answer> {
  const socket = createConnection(place.socket);
  socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer within ${patienceMs} ms`)));
  const line = new Promise<string>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it closed the connection')));
    createInterface({ input: socket }).on('error', reject).once('line', resolve);
  });
  socket.write(`${JSON.stringify(request)}\n`);
  let reply: ControlReply;
  try {
    reply = JSON.parse(await line) as ControlReply;
  } catch (error) {
    throw new Refusal(EXIT.machineCannot, silence(place, error as NodeJS.ErrnoException));
  } finally {
    socket.destroy();
  }
  if (!reply.ok) throw new Refusal(reply.unfinished ? EXIT.unknown : EXIT.wrongUsage, reply.error);
  return reply.answer as Answer;
}

/** Why there is no answer, and what to do. */
function silence(place: LabPlace, error: NodeJS.ErrnoException): string {
  // The socket is the last thing that a lab makes when it comes up.
  if (error.code === 'ENOENT') return `the lab "${place.name}" is not up yet; try again in a moment.`;
  const why = error.code === 'ECONNREFUSED' ? 'nobody listens' : error.message;
  return `the lab "${place.name}" does not answer (${why}): take it down with \`gracelab down --name ${place.name}\`.`;
}
