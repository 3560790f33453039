import type { Clock } from '../core/clock.ts';
import { Domains, type LockDomain, type RootKind } from './domains.ts';
import { ExportPolicy } from './exports.ts';
import { type CallerRights, OWN_RIGHTS } from './filesystem/caller-rights.ts';
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
  /**
   * One or more, with different names; the same on all nodes of a cluster, in whatever order. With one, the root that
   * clients see is its export; with several, a read-only directory that has each of them under its name.
   */
  readonly domains: readonly LockDomain[];
  /** By default what the number of domains says; `domains` for a node that serves only one of its cluster's several. */
  readonly root?: RootKind;
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
  /** May clients that can be called back have delegations? Default: yes. */
  readonly delegations?: boolean;
  /** To whom, and as whom they act. Default: to everybody, as whoever they say they are. */
  readonly exports?: ExportPolicy;
  /** The same as the filesystems have. Default: the process's own. */
  readonly rights?: CallerRights;
}

/** The options with nothing left open. */
export interface Settings extends Required<Omit<LockServerOptions, 'limits' | 'domains' | 'root'>> {
  readonly limits: Limits;
  readonly domains: Domains;
  /** The tree that clients see, and the locks of all of it. */
  readonly filesystem: Filesystem;
  readonly locks: LockTable;
}

/** State that cannot be is no ground to give out locks on. */
function stopTheProgram(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export function settle(options: LockServerOptions): Settings {
  if (!(options.leaseMs > 0)) throw new RangeError(`a lease of ${options.leaseMs} ms is no lease`);
  const domains = new Domains(options.domains, options.root);
  return {
    observe: () => {},
    onDefect: stopTheProgram,
    delegations: true,
    exports: new ExportPolicy(),
    rights: OWN_RIGHTS,
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    domains,
    filesystem: domains.filesystem,
    locks: domains.locks,
  };
}
