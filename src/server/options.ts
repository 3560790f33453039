import type { Clock } from '../core/clock.ts';
import type { NodeId } from '../core/ids.ts';
import { type Mutants, NO_MUTANTS } from '../core/mutants.ts';
import type { DialBack } from './callbacks/dial.ts';
import { Domains, type LockDomain, type RootKind } from './domains.ts';
import { ExportPolicy } from './exports.ts';
import { type CallerRights, OWN_RIGHTS } from './filesystem/caller-rights.ts';
import type { Filesystem, LockTable } from './filesystem/types.ts';
import { type Limits, settleLimits } from './limits.ts';
import { NO_STEPS, type Steps } from './named-steps.ts';
import type { Observe } from './observation.ts';

/** Service addresses that come and go: each is a server of its own to its clients, whichever node carries it. */
export interface ServiceAddressing {
  /** Whose service is met at this address of ours; null: nobody's, and a connection to it is closed. */
  serviceAt(localAddress: string): NodeId | null;
  /** Its `so_major_id`. */
  majorOf(service: NodeId): string;
}

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
  /** Left out: no address of this node ever moves. */
  readonly services?: ServiceAddressing | null;
  /**
   * Under which address clients reach that node's server, for fs_locations; of no node: this one's. Null: not known, and they are told of no
   * server. Left out: nobody's is known.
   */
  readonly locationOf?: (node: NodeId | null) => string | null;
  /** Differs in every life of this node. */
  readonly bootVerifier: Buffer;
  readonly limits?: Partial<Limits>;
  /**
   * What becomes of the locks of an expired client (row 21). `until-conflict`: they stay until somebody
   * wants them, which only works where every somebody is known to this node. `none`: they go at expiry.
   */
  readonly courtesy: 'until-conflict' | 'none';
  /**
   * Milliseconds that an operation waits for what an expired client had to be gone, where that stands in its way; then it is told DELAY. A record
   * must be removed first, which is a matter of milliseconds as a rule, and a client that is told DELAY sleeps for a hundred. 0: at
   * once. Default: a tenth of a lease.
   */
  readonly patienceMs?: number;
  /** May clients that can be called back have delegations? Default: yes. */
  readonly delegations?: boolean;
  /** How clients of version 4.0 are called. Default: not at all, and they have no delegations. */
  readonly dialBack?: DialBack | null;
  /** Is told of the named steps of the protocol. Default: nobody is. */
  readonly steps?: Steps;
  readonly mutants?: Mutants;
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
    dialBack: null,
    services: null,
    locationOf: () => null,
    patienceMs: options.leaseMs / 10,
    steps: NO_STEPS,
    mutants: NO_MUTANTS,
    exports: new ExportPolicy(),
    rights: OWN_RIGHTS,
    ...options,
    limits: settleLimits(options.limits),
    domains,
    filesystem: domains.filesystem,
    locks: domains.locks,
  };
}
