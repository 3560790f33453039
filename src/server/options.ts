import type { Clock } from '../core/clock.ts';
import type { Coordination } from './coordination.ts';
import type { Filesystem, LockTable } from './filesystem/types.ts';
import type { Observe } from './observation.ts';

/** A limit on everything that a peer can make us keep. */
export interface Limits {
  /** TCP connections at a time; further ones are closed at once. */
  readonly connections: number;
  /** Bytes of one RPC message, both ways; a longer record closes its connection. */
  readonly messageBytes: number;
  /** Bytes of replies that wait for a slow reader before we stop reading from it. */
  readonly unsentBytes: number;
  /** Calls of one connection that are being worked on before we stop reading from it. */
  readonly callsInFlight: number;
  /** Bytes of one READ or WRITE. */
  readonly ioBytes: number;
  readonly clients: number;
  readonly sessionsPerClient: number;
  readonly slotsPerSession: number;
  /** Bytes of one reply that a slot keeps. */
  readonly cachedReplyBytes: number;
  readonly operationsPerCompound: number;
  /** Opens and lock states of all clients, the revoked ones too. */
  readonly stateids: number;
  /** Leases for which a silent client without state is remembered. */
  readonly silentLeases: number;
}

const DEFAULT_LIMITS: Limits = {
  connections: 1024,
  messageBytes: (1 << 20) + 8192,
  unsentBytes: 4 << 20,
  callsInFlight: 256,
  ioBytes: 1 << 20,
  clients: 10_000,
  sessionsPerClient: 16,
  slotsPerSession: 64,
  cachedReplyBytes: 8192,
  operationsPerCompound: 64,
  stateids: 1_000_000,
  silentLeases: 20,
};

export interface LockServerOptions {
  readonly filesystem: Filesystem;
  readonly locks: LockTable;
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly observe?: Observe;
  /** Told of every mistake of our own; the request was answered SERVERFAULT. Default: it stops the program. */
  readonly onDefect?: (error: unknown) => void;
  readonly leaseMs: number;
  /** Differs between nodes, so that no client takes two of them for two paths to one server (row 27). */
  readonly serverOwner: { readonly major: string; readonly minor: bigint };
  /** The same on all nodes of a cluster: a client may reclaim at another one (row 27). */
  readonly serverScope: string;
  /** Differs in every life of this node. */
  readonly bootVerifier: Buffer;
  readonly limits?: Partial<Limits>;
  /**
   * What becomes of the locks of an expired client (row 21). `until-conflict`: they stay until somebody
   * wants them, which only works where every somebody is known to this node. `none`: they go at expiry.
   */
  readonly courtesy: 'until-conflict' | 'none';
  /**
   * A deny mode binds the clients of this node only. In a cluster of more than one it is therefore `refused`
   * (docs/protocol.md: what is not coherent between nodes is not given out). Default `this-node`.
   */
  readonly denyModes?: 'this-node' | 'refused';
}

/** The options with nothing left open. */
export type Settings = Required<Omit<LockServerOptions, 'limits'>> & { readonly limits: Limits };

/** State that cannot be is no ground to give out locks on. */
function stopTheProgram(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export function settle(options: LockServerOptions): Settings {
  if (!(options.leaseMs > 0)) throw new RangeError(`a lease of ${options.leaseMs} ms is no lease`);
  return {
    observe: () => {},
    onDefect: stopTheProgram,
    denyModes: 'this-node',
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}
