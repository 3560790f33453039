/** What commands and a living lab say to each other: over a unix socket, one JSON line each way per connection. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { CoordinatorStatus } from '../../server/coordinator.ts';
import type { LockServer } from '../../server/server.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { LabPlace } from './place.ts';

/** A question to the lab. */
export type ControlRequest =
  | { readonly command: 'status' }
  | { readonly command: 'why' }
  | { readonly command: 'down' }
  /** `start` boots what a fault has left down; every other name is one of the faults. */
  | {
      readonly command: 'fault';
      readonly fault: string;
      readonly targets: readonly string[];
      readonly parameters: Readonly<Record<string, unknown>>;
    }
  | { readonly command: 'locate'; readonly container: string };

/** What a node says of itself: its coordinator, and its clients. */
export type NodeStatus = CoordinatorStatus & ReturnType<LockServer['summary']>;

export interface LabNodeStatus {
  readonly name: string;
  readonly address: string;
  readonly running: boolean;
  /** The lab itself has made its process stand still. */
  readonly paused: boolean;
  readonly serving: boolean;
  /** As the node itself sees the cluster; null when it did not answer. */
  readonly node: NodeStatus | null;
}

export interface LabStatus {
  readonly name: string;
  /** ISO 8601. */
  readonly upSince: string;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly nodes: readonly LabNodeStatus[];
  readonly clients: readonly { readonly name: string; readonly address: string; readonly node: string }[];
  /** One sentence when something ended that nobody had told to. */
  readonly trouble: string | null;
}

/** The process that a command is started beside: init of the container, numbered as the sandbox sees it. */
export interface Location {
  readonly pid: number;
}

export type ControlReply =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly error: string };

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
    outcome = { ok: false, error: (error as Error).message.replace(/[^.?]$/, '$&.') };
  }
  socket.end(`${JSON.stringify(outcome)}\n`);
}

/** @throws {Refusal} when the lab does not answer, or refuses. */
export async function askLab<Answer>(place: LabPlace, request: ControlRequest): Promise<Answer> {
  const socket = createConnection(place.socket);
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
  if (!reply.ok) throw new Refusal(EXIT.wrongUsage, reply.error);
  return reply.answer as Answer;
}

/** Why there is no answer, and what to do. */
function silence(place: LabPlace, error: NodeJS.ErrnoException): string {
  // The socket is the last thing that a lab makes when it comes up.
  if (error.code === 'ENOENT') return `the lab "${place.name}" is not up yet; try again in a moment.`;
  const why = error.code === 'ECONNREFUSED' ? 'nobody listens' : error.message;
  return `the lab "${place.name}" does not answer (${why}): take it down with \`gracelab down --name ${place.name}\`.`;
}
