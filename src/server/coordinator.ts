/**
 * One node's part in the cluster's grace: it learns the ledger, does what `nextCommand` says, keeps its
 * clients' records durable, watches its peers' beacons, and answers the protocol side's questions from
 * what it knows now. The rules are in `core`; here is what waits, writes and retries.
 */
import type { Clock } from '../core/clock.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import { inGrace, type Ledger, memberOf, standing, unacknowledged } from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import { type Facts, mayRelease, nextCommand } from '../core/next-command.ts';
import { type Command, transition } from '../core/transitions.ts';
import type { NodeEvent } from '../history/events.ts';
import {
  type DomainStore,
  type Fence,
  RecordsUnreadableError,
  type StoredLedger,
  StoreUnavailableError,
  type WriteOutcome,
} from '../store/store.ts';
import { type BeaconLight, bootNode, pause } from './boot.ts';
import type {
  ClientIdentity,
  Coordination,
  NewStateAnswer,
  ReclaimAnswer,
  RecordAnswer,
} from './coordination.ts';
import { GraceRecovery } from './grace-recovery.ts';
import { OwnRecords } from './own-records.ts';
import { lookAtPeers, type PeerLook } from './peer-beacons.ts';

type Unstamped = Omit<NodeEvent, 't' | 'kind' | 'node' | 'incarnation'>;

export interface CoordinatorOptions {
  readonly node: NodeId;
  readonly foundingMembers: readonly NodeId[];
  /** docs/protocol.md: true where all nodes share one kernel. */
  readonly beaconProvesDeath: boolean;
  readonly store: DomainStore;
  readonly beacon: BeaconLight;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** How often peers' beacons are looked at when no grant does it, in milliseconds. */
  readonly beaconPollMs: number;
  readonly mutants: Mutants;
  readonly observe: (event: Unstamped) => void;
  /** A swap that succeeded; `sentAtMs` on the same clock. */
  readonly observeSwap: (
    command: string,
    swapped: StoredLedger,
    incarnation: Incarnation,
    sentAtMs: number,
  ) => void;
  /** This life is over for the cluster: the process must end at once and boot anew. */
  readonly onFenced: (reason: string) => void;
}

/** The ledger is read anew at least this often, should a watch event be lost. */
const HEARTBEAT_MS = 250;
const STORE_RETRY_MS = 50;
/** How long a boot waits for a former life of the same node to be over. */
const FORMER_LIFE_MS = 5_000;
/** Mutant D12 hears of a death this late, as from a peer whose lease timer ran out. */
const D12_POLL_MS = 1_500;
/** Mutant D14 lets this long pass between the end of grace in memory and in the ledger. */
const D14_DELAY_MS = 400;

export interface CoordinatorStatus {
  readonly incarnation: number;
  readonly standing: 'current' | 'suspect' | 'fenced';
  readonly ledger: Ledger;
  readonly enforcing: boolean;
  readonly storeAnswers: boolean;
  /** Nodes whose acknowledgement the barrier waits for. */
  readonly unacknowledged: readonly string[];
  /** Owner ids (as text) of recorded clients that have not completed, by the node that had them. */
  readonly outstanding: Readonly<Record<string, readonly string[]>>;
  /** Until nobody is waited for any more, from now; null before the barrier and outside grace. */
  readonly deadlineInMs: number | null;
  readonly latestEndInMs: number | null;
}

export class Coordinator implements Coordination {
  readonly incarnation: Incarnation;
  readonly #options: CoordinatorOptions;
  readonly #fence: Fence;
  #known: StoredLedger;
  /** A peer's beacon was found missing, and the ledger does not show why yet. */
  #alarmed = false;
  #learnedRevision: number | null = null;
  #storeAnswers = true;
  #closed = false;
  /** A planned stop is under way. */
  #stop: { readonly release: () => void; released: boolean } | null = null;
  readonly #departed: (() => void)[] = [];
  readonly #records: OwnRecords;
  readonly #recovery: GraceRecovery;
  #running = false;
  #again = false;
  #cancels: (() => void)[] = [];

  /** Boots a new life of the node (docs/protocol.md) and begins to take part. @throws BootRefusedError and the store's errors */
  static async boot(options: CoordinatorOptions): Promise<Coordinator> {
    const swaps: [string, StoredLedger, number][] = [];
    const { incarnation, stored } = await bootNode({
      ...options,
      patienceMs: FORMER_LIFE_MS,
      onSwapped: (command, swapped, sentAtMs) => swaps.push([command, swapped, sentAtMs]),
    });
    for (const [command, swapped, sentAtMs] of swaps)
      options.observeSwap(command, swapped, incarnation, sentAtMs);
    const coordinator = new Coordinator(options, incarnation, stored);
    coordinator.#begin();
    return coordinator;
  }

  private constructor(options: CoordinatorOptions, incarnation: Incarnation, stored: StoredLedger) {
    this.#options = options;
    this.incarnation = incarnation;
    this.#fence = { node: options.node, incarnation };
    this.#known = stored;
    this.#records = new OwnRecords({
      store: options.store,
      fence: this.#fence,
      ledger: () => this.#known.ledger,
      observe: options.observe,
    });
    this.#recovery = new GraceRecovery({ ...options, onDue: () => this.#wake() });
  }

  // ---- questions of the protocol side (coordination.ts) ----

  newState(): NewStateAnswer {
    return this.#enforcing() ? 'grace' : 'grant';
  }

  confirmNewState(): NewStateAnswer {
    if (this.#enforcing()) return 'grace';
    if (this.#options.mutants.has('D12')) return 'grant';
    const { missing, answered } = this.#lookAtPeers();
    if (answered && missing.length === 0) return 'grant';
    this.#alarm(missing);
    return 'grace';
  }

  reclaim(client: ClientIdentity): ReclaimAnswer {
    const { ledger } = this.#known;
    if (this.#closed || !inGrace(ledger)) return 'no-grace';
    if (!this.#storeAnswers || this.#place() !== 'current') return 'delay';
    return this.#recovery.answer(client, ledger);
  }

  inGrace(): boolean {
    return this.#alarmed || inGrace(this.#known.ledger);
  }

  async completed(client: ClientIdentity): Promise<RecordAnswer> {
    const answer = await this.#answering(() => this.#records.put(client));
    if (answer === 'durable') this.#recovery.complete(client);
    this.#wake();
    return answer;
  }

  async confirmed(client: ClientIdentity): Promise<RecordAnswer> {
    return this.#options.mutants.has('D9') ? this.#answering(() => this.#records.put(client)) : 'durable';
  }

  async forget(client: ClientIdentity): Promise<RecordAnswer> {
    const answer = await this.#answering(() => this.#records.remove(client));
    if (answer === 'durable') this.#recovery.forget(client);
    this.#wake();
    return answer;
  }

  async #answering(write: () => Promise<WriteOutcome>): Promise<RecordAnswer> {
    try {
      return (await write()) === 'written' ? 'durable' : 'fenced';
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#storeState(false, error.message);
      this.#wake();
      return 'unavailable';
    }
  }

  // ---- planned stop, status ----

  /**
   * Planned stop (C11): grace first, `release` past the barrier (it must let every lock go, and serve no more), then out
   * of the cluster. Resolves when the process may end.
   */
  leave(release: () => void): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#stop ??= { release, released: false };
    const departed = new Promise<void>((resolve) => this.#departed.push(resolve));
    this.#wake();
    return departed;
  }

  status(): CoordinatorStatus {
    const { ledger } = this.#known;
    const ends = this.#recovery.endsInMs();
    return {
      incarnation: this.incarnation,
      standing: this.#place(),
      ledger,
      enforcing: this.#enforcing(),
      storeAnswers: this.#storeAnswers,
      unacknowledged: inGrace(ledger) ? unacknowledged(ledger) : [],
      outstanding: this.#recovery.outstanding(ledger),
      deadlineInMs: ends?.usual ?? null,
      latestEndInMs: ends?.latest ?? null,
    };
  }

  /** Takes no further part; the beacon stays lit until the process ends, as do its locks. */
  close(): void {
    this.#closed = true;
    this.#recovery.close();
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  // ---- what it knows ----

  #place(): 'current' | 'suspect' | 'fenced' {
    return standing(this.#known.ledger, this.#options.node, this.incarnation);
  }

  /** Grant rule, step 1. Everything that could make an answer from old knowledge unsafe refuses here (I7). */
  #enforcing(): boolean {
    return (
      this.#closed ||
      this.#alarmed ||
      !this.#storeAnswers ||
      inGrace(this.#known.ledger) ||
      this.#place() !== 'current'
    );
  }

  #lookAtPeers(): PeerLook {
    return lookAtPeers(this.#known.ledger, this.#options.node, this.#options.beacon);
  }

  #alarm(missing: Facts['missing']): void {
    if (!this.#alarmed) {
      this.#alarmed = true;
      for (const { peer } of missing) this.#options.observe({ event: 'beacon-missing', peer });
      if (!inGrace(this.#known.ledger))
        this.#options.observe({ event: 'enforcing', view: this.#known.ledger.view });
    }
    this.#wake();
  }

  // ---- the loop ----

  #begin(): void {
    this.#options.observe({ event: 'boot', view: this.#known.ledger.view, epoch: this.#known.ledger.epoch });
    this.#cancels.push(this.#options.store.watch(() => this.#wake()));
    this.#every(HEARTBEAT_MS, () => this.#wake());
    const pollMs = this.#options.mutants.has('D12') ? D12_POLL_MS : this.#options.beaconPollMs;
    this.#every(pollMs, () => {
      const { missing, answered } = this.#lookAtPeers();
      if (missing.length > 0 || !answered) this.#alarm(missing);
    });
    this.#wake();
  }

  #every(ms: number, run: () => void): void {
    const arm = () => {
      const cancel = this.#options.clock.after(ms, () => {
        this.#cancels = this.#cancels.filter((other) => other !== cancel);
        if (this.#closed) return;
        run();
        arm();
      });
      this.#cancels.push(cancel);
    };
    arm();
  }

  #wake(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#round();
        this.#storeState(true);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        this.#storeState(false, error.message);
        await pause(this.#options.clock, STORE_RETRY_MS);
        this.#again = true;
      }
    }
    this.#running = false;
  }

  /** Learns, gathers the facts, and swaps in what follows from them, if anything does. */
  async #round(): Promise<void> {
    const stored = await this.#options.store.read();
    if (stored === null) throw new StoreUnavailableError('the ledger is gone');
    this.#learn(stored);
    if (this.#closed) return;
    if (inGrace(stored.ledger)) {
      await this.#records.writeAll();
      await this.#recovery.load(this.#known.ledger);
    }
    this.#letGo();
    const { missing, answered } = this.#lookAtPeers();
    if (missing.length === 0 && answered && !inGrace(this.#known.ledger)) this.#alarmed = false;
    const command = nextCommand(this.#known.ledger, this.#fence, this.#facts(this.#heard(missing)));
    if (command !== null) await this.#swap(command);
  }

  /** A planned stop, past the barrier: the locks go while everybody else refuses new state. */
  #letGo(): void {
    if (this.#stop === null || this.#stop.released || !mayRelease(this.#known.ledger, this.#fence)) return;
    this.#stop.release();
    this.#stop.released = true;
  }

  /** Mutant D12 hears of a death only when its own slow poll finds it. */
  #heard(missing: Facts['missing']): Facts['missing'] {
    return this.#options.mutants.has('D12') && !this.#alarmed ? [] : missing;
  }

  #facts(missing: Facts['missing']): Facts {
    const { ledger } = this.#known;
    return {
      missing,
      // Grants are made within one turn of the event loop, so that none is in flight here.
      drainedAndRecorded: this.#enforcing() && this.#records.areIn(ledger.epoch),
      finished: this.#recovery.finished(ledger),
      abandonDue: this.#recovery.due(),
      stopWanted: this.#stop !== null,
      released: this.#stop?.released ?? false,
    };
  }

  async #swap(command: Command): Promise<void> {
    const before = this.#known;
    const result = transition(before.ledger, command, this.#options.mutants);
    if (!result.ok) return;
    if (command.type === 'finish') this.#recovery.finishing(command.claimant);
    const lifts = inGrace(before.ledger) && !inGrace(result.ledger);
    if (lifts && this.#options.mutants.has('D14')) {
      this.#known = { ...before, ledger: result.ledger };
      await pause(this.#options.clock, D14_DELAY_MS);
      this.#known = before;
    }
    const sentAtMs = this.#options.clock.nowMs();
    const swap = await this.#options.store.swap(before.revision, result.ledger);
    this.#again = true;
    if (swap.outcome !== 'swapped') return;
    const swapped = { ledger: result.ledger, revision: swap.revision };
    this.#options.observeSwap(command.type, swapped, this.incarnation, sentAtMs);
    if (command.type === 'acknowledge') this.#options.observe({ event: 'acknowledged', view: command.view });
    this.#learn(swapped);
    if (lifts) await this.#options.store.collectGarbage(this.#fence);
  }

  #learn(stored: StoredLedger): void {
    const before = this.#known.ledger;
    this.#known = stored;
    if (stored.revision === this.#learnedRevision) return;
    this.#learnedRevision = stored.revision;
    const { ledger } = stored;
    const place = this.#place();
    if (this.#stop !== null && place === 'fenced') this.#depart();
    else if (place === 'fenced') this.#fenced('the ledger has a later life of this node, or none');
    else if (place === 'suspect' && memberOf(ledger, this.#options.node)!.acknowledgedView === ledger.view) {
      this.#fenced('this node is suspected dead, and its locks may be gone');
    } else if (inGrace(ledger)) {
      if (!inGrace(before) && !this.#alarmed)
        this.#options.observe({ event: 'enforcing', view: ledger.view, epoch: ledger.recoveryEpoch! });
      this.#recovery.learn(before, ledger);
    } else if (inGrace(before)) this.#recovery.lift(ledger);
  }

  // ---- ends ----

  #storeState(answers: boolean, detail?: string): void {
    if (answers === this.#storeAnswers) return;
    this.#storeAnswers = answers;
    this.#options.observe(
      answers ? { event: 'store-back' } : { event: 'store-unavailable', ...(detail && { detail }) },
    );
  }

  #depart(): void {
    this.close();
    this.#options.observe({ event: 'stopping', view: this.#known.ledger.view });
    for (const resolve of this.#departed) resolve();
  }

  #fenced(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.observe({ event: 'fenced', view: this.#known.ledger.view, detail: reason });
    this.#options.onFenced(reason);
  }
}

const isStoreError = (error: unknown): error is StoreUnavailableError | RecordsUnreadableError =>
  error instanceof StoreUnavailableError || error instanceof RecordsUnreadableError;
