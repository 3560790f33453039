/**
 * The history of a run: what was seen, in the order of one monotonic clock, append only. Plain data,
 * one JSON object a line in `history.jsonl`. Checkers are pure functions of it.
 *
 * `t` is in nanoseconds since the run's origin. All containers share one kernel, so the order of `t`
 * is the real order of events across processes.
 */
import type { Ledger } from '../core/ledger.ts';

export type LockMode = 'read' | 'write';

/** Half-open byte range; `end` null means "to the end of the file, wherever that will be". */
export interface ByteSpan {
  readonly start: number;
  readonly end: number | null;
}

interface Stamped {
  readonly t: number;
}

/**
 * One request of a client and its outcome, recorded where the client is.
 * `invoke` before it is sent; then exactly one of `ok` (done), `fail` (certainly not done; `status`
 * says why), `info` (nobody knows: the answer never came). A client whose process dies leaves an invoke alone.
 */
export interface OpEvent extends Stamped {
  readonly kind: 'op';
  readonly phase: 'invoke' | 'ok' | 'fail' | 'info';
  /** Unique among all ops of this client. */
  readonly id: number;
  readonly client: string;
  /** Lock owner within the client. */
  readonly owner: string;
  /** Whose service address was asked. After a takeover its heir answers there: the ledger's `addressAt` says since when. */
  readonly node: string;
  readonly op: 'open' | 'close' | 'lock' | 'unlock' | 'lock-test' | 'read' | 'write' | 'remove';
  readonly file: string;
  /** Only where the run has several lock domains; without it the first component of `file` names it. */
  readonly domain?: string;
  readonly span?: ByteSpan;
  readonly mode?: LockMode;
  readonly reclaim?: boolean;
  /** NFS4ERR_ name without the prefix: `GRACE`, `DENIED`, `NO_GRACE` ... On `info`: `TIMEOUT`. */
  readonly status?: string;
  /** What was read or written, where the workload says so (guarded data). */
  readonly value?: string;
  /** On a write: the value that this write was computed from. */
  readonly basedOn?: string;
  /** `client` is no NFS client but a program on `node`, which goes by the node's gate and lives no longer than the node. */
  readonly local?: boolean;
}

/** What a client learned about its own standing. */
export interface ClientEvent extends Stamped {
  readonly kind: 'client';
  readonly client: string;
  readonly node: string;
  readonly event:
    | 'started'
    | 'session'
    | 'disconnected'
    /** The lease was certainly alive when the request that proves it was sent, at `sentAt`. */
    | 'renewed'
    | 'recovery-begin'
    /** RECLAIM_COMPLETE is handed to the socket for the first time in this session; it may be done though its answer never comes. */
    | 'completing'
    | 'reclaim-complete'
    | 'recovery-end'
    /** The client was told that this lock is gone. */
    | 'lock-lost'
    | 'stopped';
  readonly owner?: string;
  readonly file?: string;
  readonly span?: ByteSpan;
  readonly mode?: LockMode;
  readonly status?: string;
  readonly sentAt?: number;
  /** As for requests. */
  readonly local?: boolean;
}

/** What a node did, recorded in the node. Evidence and colour; checkers prefer what clients and the ledger saw. */
export interface NodeEvent extends Stamped {
  readonly kind: 'node';
  readonly node: string;
  readonly incarnation: number;
  readonly event:
    | 'boot'
    | 'serving'
    | 'enforcing'
    | 'acknowledged'
    | 'barrier'
    | 'lifted'
    | 'beacon-missing'
    | 'records-loaded'
    | 'record-durable'
    | 'record-removed'
    | 'grant'
    | 'refuse'
    | 'release'
    | 'store-unavailable'
    | 'store-back'
    | 'fenced'
    /** The service address of `peer` (itself, too) leads to it from now on, or not any more; `detail` is the address. */
    | 'address-taken'
    | 'address-dropped'
    /** It serves the claims of `peer` from now on. */
    | 'inherited'
    /** It has let go of what the clients of `peer` had, whom `detail` serves now, as planned. */
    | 'handed-over'
    /** It holds this for the client by now, as the giver of the address of `peer` did; the client has not come yet. */
    | 'adopted'
    /** It has begun to end the life of `peer`, which holds grace up; then how that went. */
    | 'fencing'
    | 'fenced-peer'
    | 'fence-failed'
    /** Its store has not answered for too long; `detail` says what was wrong. */
    | 'gave-up'
    /** It cannot begin before its store answers; `detail` says what is wrong. */
    | 'waiting-for-store'
    | 'stopping'
    /** Its process ended and nobody had asked for that; recorded by the lab, `detail` says how. */
    | 'exited';
  readonly view?: number;
  readonly epoch?: number;
  readonly peer?: string;
  /** Which lock domain it is about; only where the run has several. What is of the whole node names none. */
  readonly domain?: string;
  /** The NFS client's owner id as text. */
  readonly client?: string;
  readonly owner?: string;
  readonly op?: 'open' | 'lock';
  readonly reclaim?: boolean;
  readonly file?: string;
  readonly span?: ByteSpan;
  readonly mode?: LockMode;
  readonly status?: string;
  readonly count?: number;
  readonly detail?: string;
}

/** A swap that succeeded. It happened somewhere in [`sentAt`, `t`]. */
export interface LedgerEvent extends Stamped {
  readonly kind: 'ledger';
  readonly sentAt: number;
  /** Whose ledger it is; needed where the run has several lock domains. */
  readonly domain?: string;
  /** Who swapped: a node, or {@link OPERATOR} with incarnation 0 for a person's tool. */
  readonly node: string;
  readonly incarnation: number;
  readonly command: string;
  readonly ledger: Ledger;
  /** The store's version after this swap; grows with every swap. With it checkers know the exact order of swaps. */
  readonly revision?: number;
}

/** The author of swaps that a person made: admit, retire, confirm-death, abandon. No node is called so. */
export const OPERATOR = 'operator';

/** Something was broken on purpose (`begin`) or mended (`end`). */
export interface FaultEvent extends Stamped {
  readonly kind: 'fault';
  readonly phase: 'begin' | 'end';
  readonly fault: string;
  readonly targets: readonly string[];
  /** Does it end the life of its targets' processes? Needed only for faults that {@link LIFE_ENDING_FAULTS} does not name. */
  readonly endsLife?: boolean;
  /** Only one lock domain is hit; without it the fault concerns all. */
  readonly domain?: string;
  readonly detail?: string;
}

/** Faults after which the target's memory is gone. A pause or a partition is not among them. */
export const LIFE_ENDING_FAULTS: ReadonlySet<string> = new Set([
  'power-cut',
  'kill',
  'restart',
  'reboot',
  'crash',
  'stop',
  'fence',
]);

/** What the harness found when it looked for itself, with no server in between. */
export interface AuditEvent extends Stamped {
  readonly kind: 'audit';
  readonly event: 'lock' | 'content';
  /** When the look began; it ended at `t`. Without it the look counts as made at `t`. */
  readonly sentAt?: number;
  readonly file: string;
  /** As for requests. */
  readonly domain?: string;
  /** `lock`: does the filesystem hold this range against others in this mode? */
  readonly span?: ByteSpan;
  readonly mode?: LockMode;
  readonly client?: string;
  readonly owner?: string;
  readonly held?: boolean;
  /** `content`: what the file holds. */
  readonly value?: string;
}

/** The run itself. The first event is `start`, the last one `end`. */
export interface RunEvent extends Stamped {
  readonly kind: 'run';
  readonly event: 'start' | 'step' | 'end';
  readonly text?: string;
  /** On `start`: what the checkers must know of the cluster. */
  readonly cluster?: {
    readonly nodes: readonly string[];
    readonly leaseMs: number;
    readonly graceMs: number;
    /** The lock domains and who serves them. Several are judged apart; none or one: everything is of one domain. */
    readonly domains?: readonly { readonly name: string; readonly nodes: readonly string[] }[];
    /** How long a silent member is waited for before it is fenced; null: for ever. Left out: not known. */
    readonly fenceAfterMs?: number | null;
  };
}

export type HistoryEvent =
  | OpEvent
  | ClientEvent
  | NodeEvent
  | LedgerEvent
  | FaultEvent
  | AuditEvent
  | RunEvent;
export type History = readonly HistoryEvent[];
