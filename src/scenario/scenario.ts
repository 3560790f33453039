/**
 * A scenario as the runner sees it: everything resolved, every default filled in, durations in
 * milliseconds. Plain data, so it can be sent to the lab process and kept with a run. How a person
 * writes it, and what is refused, is in `format/`.
 */
import type { ByteSpan, LockMode } from '../history/events.ts';

export interface Scenario {
  /** `[a-z0-9-]`, 1 to 40 characters; names the run folder. */
  readonly name: string;
  /** One line for the terminal. */
  readonly title: string;
  readonly about: string;
  /** Rows of the conformance tables and defect ids that the scenario is there for. */
  readonly rows: readonly string[];
  readonly cluster: ClusterShape;
  readonly clients: readonly ScenarioClient[];
  /** Left out: none. */
  readonly programs?: readonly ScenarioProgram[];
  readonly steps: readonly Step[];
  readonly expect: Expectations;
  /** The whole run, from the first container to the last audit, must fit into this. */
  readonly deadlineMs: number;
}

/** One lock domain: one shared filesystem, with a ledger of its own. */
export interface DomainShape {
  readonly name: string;
  /** Whose containers mount it; a spare among them is no member of the domain before it is admitted. */
  readonly nodes: readonly string[];
}

/** Where the ledgers are: a file on each shared filesystem, or a cluster of three in containers of its own. */
export type StoreKind = 'sqlite' | 'etcd';

export interface ClusterShape {
  /** The founding members. */
  readonly nodes: readonly string[];
  /** Nodes that are there and belong to no domain until an operator admits them. */
  readonly spares: readonly string[];
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly store: StoreKind;
  /** At least one. Every node is in one of them; with several, each is a directory of the export's root. */
  readonly domains: readonly DomainShape[];
  /** How long a dead node is waited for before another one takes its clients over; null: that is not done. */
  readonly failoverMs: number | null;
  /** How long a node that is back waits before it takes its own address back; null, or left out: not by itself. */
  readonly failbackMs?: number | null;
  /** How long grace waits for a silent node before it is made sure that its life is over (I8); null: for ever. */
  readonly fenceAfterMs: number | null;
  /** What becomes of a node that was fenced by that. */
  readonly afterFence: 'boot' | 'stay-down';
  /** How long a node that cannot reach its ledger keeps its life. */
  readonly storePatienceMs: number;
  /** May clients have delegations? Left out: yes. */
  readonly delegations?: boolean;
  /** Is a node whose beacon is missing dead? Left out: yes. */
  readonly beaconProvesDeath?: boolean;
  /** Does every node mount the gate for programs that are not NFS clients? Left out: no. */
  readonly gate?: boolean;
}

export interface ScenarioClient {
  readonly name: string;
  /** Whose service address it mounts: another node answers there when that one is dead. */
  readonly node: string;
}

/** A program on a node that is not an NFS client; it goes by the node's gate, and lives and dies with the node. */
export interface ScenarioProgram {
  readonly name: string;
  /** In whose container it runs. */
  readonly node: string;
}

export interface Expectations {
  /** Checks that must have had something to judge: `unknown` is not good enough for these. A violation never is, of any check. */
  readonly checks: readonly string[];
  /** How often an interesting state must have been reached at least; a run that reached nothing is not a pass. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** A length of time; where the two differ, the run's seed draws one between them. */
export interface Pause {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Whom and what a client step is about. */
export interface Target {
  /** A client, or a local program. */
  readonly client: string;
  /** Lock owner within the client. */
  readonly owner: string;
  /** Path relative to the export. */
  readonly file: string;
  readonly span: ByteSpan;
}

interface Common {
  /** As written, for messages: `lock: alice accounts 0..32`. */
  readonly text: string;
}

interface ClientStep extends Common, Target {
  /** Statuses that let the scenario go on. */
  readonly expect: readonly string[];
  /** Longer than this is a failed step. */
  readonly withinMs: number;
}

/** Which refusals the client keeps asking again after. */
export type Retry = 'none' | 'grace' | 'all';

export interface LockStep extends ClientStep {
  readonly do: 'lock';
  readonly mode: LockMode;
  readonly retry: Retry;
  /** That many owners, each with a slice of its own: owner k has the span moved by k times its length. */
  readonly owners: number;
  /** Of a local program: flock(2), of the whole file, in place of fcntl(2). */
  readonly by?: 'flock';
}

export interface UnlockStep extends ClientStep {
  readonly do: 'unlock';
  readonly owners: number;
}

export interface ReadStep extends ClientStep {
  readonly do: 'read';
  /** What must be read; null where anything will do. */
  readonly value: string | null;
}

export interface WriteStep extends ClientStep {
  readonly do: 'write';
  readonly value: string;
  readonly sync: boolean;
}

export interface UpdateStep extends ClientStep {
  readonly do: 'update';
  /** Trust the client's own cache, as a real client does under a lock that it believes to hold. */
  readonly cached: boolean;
}

export interface OpenStep extends ClientStep {
  readonly do: 'open';
  readonly access: 'read' | 'write' | 'both';
  readonly create: boolean;
  /** What nobody else may do meanwhile. */
  readonly deny: 'none' | 'read' | 'write' | 'both';
  /** The file must not be there yet. */
  readonly exclusive: boolean;
}

export interface CloseStep extends ClientStep {
  readonly do: 'close';
}

/**
 * What one round of a loop does (src/cli/agents/client-agent/workloads). The first two ask for the loop's whole range, once, and
 * never wait for anything; the others draw what they do from the loop's seed, somewhere in that range.
 */
export const LOOP_BODIES = [
  'lock-unlock',
  'lock-update-unlock',
  'mixed-locks',
  'upgrade-downgrade',
  'guarded-cells',
  'wait-for-lock',
  'delegation',
  'overstep',
] as const;
export type LoopBody = (typeof LOOP_BODIES)[number];

/** In bytes: a guarded cell, which `update` steps and some loops read and write as a whole. */
export const CELL_BYTES = 32;

export interface LoopStep extends Common, Target {
  readonly do: 'loop';
  /** By this name it is stopped. */
  readonly loop: string;
  readonly mode: LockMode;
  readonly everyMs: number;
  /** The longest that a lock is kept before the round goes on; each round draws how long. */
  readonly holdMs: number;
  readonly body: LoopBody;
  /** Everything that a round draws follows from this, 0 to 2^32 - 1. */
  readonly seed: number;
  readonly until: 'granted' | null;
}

export interface StopStep extends Common {
  readonly do: 'stop';
  readonly loops: readonly string[];
}

export interface FaultStep extends Common {
  readonly do: 'fault';
  readonly fault: string;
  readonly targets: readonly string[];
  /** What the targets are cut off from: names, or words for several containers. Null for faults that need nobody else. */
  readonly from: readonly string[] | null;
  /** How long it lasts; `until-start`, `until-heal`: until such a step. Null leaves it to the fault. */
  readonly down: Pause | 'until-start' | 'until-heal' | null;
  /** Further parameters, as the fault's own schema wants them. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface StartStep extends Common {
  readonly do: 'start';
  readonly nodes: readonly string[];
}

/** Ends every partition that cuts one of these off. */
export interface HealStep extends Common {
  readonly do: 'heal';
  readonly targets: readonly string[];
}

export const REPAIRS = ['admit', 'retire', 'declare-dead', 'abandon'] as const;
/** What an operator may do to the ledger of a domain. */
export type Repair = (typeof REPAIRS)[number];

export interface RepairStep extends Common {
  readonly do: Repair;
  readonly node: string;
  /** `OK`, or the refusals that the repair must come to, in the words of the ledger's rules. */
  readonly expect: readonly string[];
  readonly withinMs: number;
}

/**
 * A planned move, with the clients of `owner`, to `to`: of its service address; or, with several lock domains, of the filesystem of one, which
 * another node is to serve in its place. To itself: a failback.
 */
export interface MoveStep extends Common {
  readonly do: 'migrate';
  /** Whose filesystem moves; null: it is the address. */
  readonly domain: string | null;
  readonly owner: string;
  readonly to: string;
  /** `OK`, {@link CALLED_OFF}, or the refusals that it must come to, in the words of the ledger's rules. */
  readonly expect: readonly string[];
  readonly withinMs: number;
}

/** Of a move that began: the giver or the taker was lost before it was done. */
export const CALLED_OFF = 'called-off';

/** A second process that claims to be the node is started beside it, twice: with the node's own stable storage, and without. */
export interface ImpostorStep extends Common {
  readonly do: 'impostor';
  readonly node: string;
  readonly withinMs: number;
}

/**
 * What to wait for. `grace`, `barrier`, `lift`, `refused` and `granted` mean "since the last fault began",
 * so a wait that begins late does not miss what has already happened.
 */
export type Condition =
  | ({ readonly what: 'time' } & Pause)
  | { readonly what: 'grace' | 'barrier' | 'lift' }
  /** Of nodes: `inherited`, `fenced` and so on mean "since the newest fault that hit the node". */
  | { readonly what: NodeCondition; readonly nodes: readonly string[] }
  | { readonly what: 'recovered'; readonly clients: readonly string[] }
  | { readonly what: 'reclaiming' | 'refused' | 'granted'; readonly clients: readonly string[] };

export const NODE_CONDITIONS = [
  'up',
  'armed',
  'inherited',
  'fenced',
  'outage',
  'resumed',
  'gave-up',
] as const;
/**
 * - `up`: it serves;
 * - `armed`: it has been told to die at a named step, and has not come there;
 * - `inherited`: another node has taken its clients over;
 * - `fenced`: it was made sure that its life is over;
 * - `outage`: it has noticed that it cannot reach its ledger; `resumed`: it reaches it again, in the same life;
 * - `gave-up`: it ended its life by itself.
 */
export type NodeCondition = (typeof NODE_CONDITIONS)[number];

export interface WaitStep extends Common {
  readonly do: 'wait';
  readonly condition: Condition;
  readonly withinMs: number;
}

/**
 * What a client does when it finds its server restarted.
 * - `confirm-only`: makes a new session, keeps the lease, and neither reclaims nor completes (row 18);
 * - `oversteps`: asks for something new before it has completed, and reclaims after that (rows 6 and 8);
 * - `lingers`: the same, and before it completes it goes on reclaiming for as long as it is let (row 31).
 */
export const RECOVERY_BEHAVIOURS = ['by-the-book', 'confirm-only', 'oversteps', 'lingers'] as const;
export type RecoveryBehaviour = (typeof RECOVERY_BEHAVIOURS)[number];

export interface RecoveryStep extends Common {
  readonly do: 'recovery';
  readonly client: string;
  readonly behaviour: RecoveryBehaviour;
}

export interface ParallelStep extends Common {
  readonly do: 'parallel';
  readonly branches: readonly (readonly Step[])[];
}

export interface RepeatStep extends Common {
  readonly do: 'repeat';
  readonly times: number;
  readonly steps: readonly Step[];
}

export type Step =
  | LockStep
  | UnlockStep
  | ReadStep
  | WriteStep
  | UpdateStep
  | OpenStep
  | CloseStep
  | LoopStep
  | StopStep
  | FaultStep
  | StartStep
  | HealStep
  | RepairStep
  | MoveStep
  | ImpostorStep
  | WaitStep
  | RecoveryStep
  | ParallelStep
  | RepeatStep;
