/**
 * This life's part in what the cluster agrees on: it learns the ledger, gathers the facts, and swaps in what `nextCommand` says. The rules
 * are in `core`; here is what reads, waits, writes and retries.
 */
import type { NodeId } from '../../core/ids.ts';
import { carrierOf, inGrace, type Ledger, memberOf, standing, whereServed } from '../../core/ledger.ts';
import { type Facts, mayHandOver, nextCommand } from '../../core/next-command.ts';
import { type Command, transition } from '../../core/transitions.ts';
import { type Fence, RecordsUnreadableError, type StoredLedger } from '../../store/store.ts';
import { pause } from '../boot.ts';
import type { Place } from '../coordination.ts';
import { GraceRecovery } from '../grace-recovery.ts';
import { OwnRecords } from '../own-records.ts';
import type { PeerLook } from '../peer-beacons.ts';
import { CarriedAddresses } from './carried-addresses.ts';
import { rememberLate } from './closing-claims.ts';
import { EndedLives } from './ended-lives.ts';
import { every } from './every.ts';
import { Failback } from './failback.ts';
import { Failover } from './failover.ts';
import { Fencing } from './fencing.ts';
import { FilesystemMoves } from './filesystem-moves.ts';
import { FlaggedAcknowledgement } from './flagged-acknowledgement.ts';
import { KnownLedger } from './known-ledger.ts';
import { type CoordinatorOptions, HEARTBEAT_MS } from './options.ts';
import { PeerWatch } from './peer-watch.ts';
import { type Moves, PlannedMoves } from './planned-moves.ts';
import { PlannedStop } from './planned-stop.ts';
import { Rounds } from './rounds.ts';
import { stepAfter, stepBefore } from './steps-of-commands.ts';
import { StorePatience } from './store-patience.ts';
import { SwapTurn } from './swap-turns.ts';
import { Swaps } from './swaps.ts';
import { TakeOvers } from './take-overs.ts';

/** Mutant D14 lets this long pass between the end of grace in memory and in the ledger. */
const D14_DELAY_MS = 400;

export class Agreement {
  readonly self: Fence;
  readonly records: OwnRecords;
  readonly recovery: GraceRecovery;
  readonly fencing: Fencing;
  readonly addresses: CarriedAddresses;
  readonly patience: StorePatience;
  readonly ended: EndedLives;
  readonly #options: CoordinatorOptions;
  readonly #failover: Failover;
  readonly #failback: Failback;
  readonly #moves: Moves;
  readonly #takeOvers: TakeOvers;
  readonly #peers: PeerWatch;
  readonly #rounds: Rounds;
  readonly #turn: SwapTurn;
  readonly #flagged: FlaggedAcknowledgement;
  readonly #swaps: Swaps;
  readonly #known: KnownLedger;
  #learnedRevision: number | null = null;
  #closed = false;
  #stop: PlannedStop | null = null;
  /** The records that this life was born with have been looked at. */
  #cleared = false;
  readonly #cancels: (() => void)[] = [];

  constructor(options: CoordinatorOptions, self: Fence, stored: StoredLedger) {
    const onDue = () => this.wake();
    this.#options = options;
    this.self = self;
    this.#known = new KnownLedger(options.store, stored);
    this.records = new OwnRecords({ ...options, fence: self, ledger: () => this.ledger });
    this.recovery = new GraceRecovery({
      ...options,
      onDue,
      isHere: (client) => this.records.has(client),
      hasLost: (client) => this.records.hasLost(client),
      isTakingOver: (owner) => this.#takeOvers.isDue(owner),
    });
    const moved = { letGoOf: () => {}, ...options, records: this.records, recovery: this.recovery };
    this.#moves = options.moves === 'filesystem' ? new FilesystemMoves(moved) : new PlannedMoves(moved);
    this.#takeOvers = new TakeOvers({
      ...options,
      desk: options.estates ?? null,
      self,
      records: this.records,
      recovery: this.recovery,
      onDue: () => this.#goOn(),
    });
    this.#failback = new Failback({ ...options, onDue });
    this.fencing = new Fencing({ ...options, onDue });
    this.#failover = new Failover({ ...options, onDue });
    this.#flagged = new FlaggedAcknowledgement(self, options.mutants);
    this.#turn = new SwapTurn(options.clock, self.node, () =>
      this.#known.tells ? this.#goOn() : this.wake(),
    );
    this.#swaps = new Swaps({ ...options, self, turn: this.#turn, flagged: this.#flagged });
    this.addresses = new CarriedAddresses(options.node, options.addresses);
    this.#peers = new PeerWatch(options, stored.ledger);
    this.patience = new StorePatience(options);
    this.ended = new EndedLives(options.clock);
    this.#rounds = new Rounds({
      clock: options.clock,
      round: () => this.#round(),
      onBegin: () => this.patience.asked(),
      onDone: () => this.patience.answered(),
      onStoreError: (problem) => {
        this.#known.doubt();
        this.patience.failed(problem);
      },
    });
  }

  begin(): void {
    const { clock, observe, store } = this.#options;
    observe({ event: 'boot', view: this.ledger.view, epoch: this.ledger.epoch });
    this.#cancels.push(
      store.watch((told) => {
        if (this.#known.hear(told)) this.#goOn();
      }),
      every(
        clock,
        () => HEARTBEAT_MS,
        () => this.#beat(),
      ),
      every(
        clock,
        () => this.#peers.intervalMs(this.ledger),
        () => this.#look(),
      ),
    );
    this.#learn(this.#known.stored);
    this.wake();
  }

  get ledger(): Ledger {
    return this.#known.ledger;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get alarmed(): boolean {
    return this.#peers.alarmed;
  }

  /** {@link Coordinator.serves} */
  serves(owner: NodeId): boolean {
    return (
      carrierOf(this.ledger, owner) === this.self.node &&
      !this.#moves.hasReleased?.(owner) &&
      !this.#takeOvers.isDue(owner)
    );
  }

  /** {@link Coordinator.place} */
  filesystemPlace(): Place {
    const { node } = this.self;
    const to = whereServed(this.ledger, node);
    return to === node ? { kind: 'here' } : { kind: 'moved', to };
  }

  place(): 'current' | 'suspect' | 'fenced' {
    return standing(this.ledger, this.self.node, this.self.incarnation);
  }

  /** Grant rule, step 1. Everything that could make an answer from old knowledge unsafe, or merely old, refuses here (I7, C8). */
  enforcing(): boolean {
    return (
      this.#closed ||
      this.alarmed ||
      !this.patience.status().answers ||
      !this.patience.isFresh() ||
      inGrace(this.ledger) ||
      this.place() !== 'current'
    );
  }

  lookAtPeers(): PeerLook {
    return this.#peers.look(this.ledger);
  }

  alarm(missing: Facts['missing']): void {
    this.#peers.alarm(missing, this.ledger);
    // Without a read first, which would only delay the word: a swap against an old ledger is lost, and then it is read.
    this.#goOn();
  }

  /** Something may have changed: look, and do what follows. */
  wake(): void {
    this.#known.doubt();
    this.#goOn();
  }

  /** {@link PlannedStop} */
  leave(release: () => void): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#stop ??= new PlannedStop(release);
    const departure = this.#stop.departure();
    this.wake();
    return departure;
  }

  /** Takes no further part; the beacon stays lit until the process ends, as do its locks. */
  close(): void {
    this.#closed = true;
    for (const part of [
      this.#rounds,
      this.#turn,
      this.#takeOvers,
      this.recovery,
      this.#failover,
      this.#failback,
      this.fencing,
    ])
      part.close();
    for (const cancel of this.#cancels) cancel();
  }

  #look(): void {
    const { missing, answered } = this.lookAtPeers();
    if (missing.length > 0 || !answered) this.alarm(missing);
  }

  #beat(): void {
    const reason = this.patience.tick();
    if (reason === null) this.wake();
    else this.#end('gave-up', reason);
  }

  #goOn(): void {
    if (!this.#closed) this.#rounds.wake();
  }

  /** Learns, gathers the facts, and swaps in what follows from them, if anything does. */
  async #round(): Promise<void> {
    await this.#learnNewest();
    if (this.#closed) return;
    const flagged = this.#flagged.again(this.ledger);
    if (flagged !== null) return this.#swap(flagged);
    if (inGrace(this.ledger)) {
      await this.#clear();
      if (!this.#flagged.stands(this.ledger)) await this.records.writeAll();
      await this.recovery.load(this.ledger);
      await this.#takeOvers.takeOver(this.ledger);
    }
    if (this.#closed) return;
    this.#stop?.letGo(this.ledger, this.self);
    // Whoever has an address next announces it; one that is still on its way to this node would be announced after that.
    if (mayHandOver(this.ledger, this.self, this.#options.mutants).length > 0) await this.addresses.settled();
    if (this.#closed) return;
    await this.#moves.letGo(this.ledger, this.self);
    if (this.#closed) return;
    const missing = this.#peers.lookInRound(this.ledger);
    if (this.place() === 'current') this.fencing.learn(this.ledger, this.recovery.latestPassed());
    const command =
      this.#confirmation() ??
      nextCommand(this.ledger, this.self, this.#facts(missing), this.#options.mutants);
    if (command !== null) await this.#swap(command);
    if (!this.#closed) this.#raiseAddresses();
  }

  async #learnNewest(): Promise<void> {
    const newest = await this.#known.newest();
    if (newest === null || this.#closed) return;
    const { stored, wasRead } = newest;
    if (wasRead) this.#swaps.settle(stored);
    this.#learn(stored);
    if (wasRead) this.patience.learned();
  }

  /** Only a live life speaks for the fencer. The ledger would take its word from anybody. */
  #confirmation(): Command | null {
    return this.place() === 'current' ? this.fencing.confirmation(this.ledger) : null;
  }

  async #clear(): Promise<void> {
    if (this.#cleared) return;
    try {
      await this.records.removeLeftovers();
    } catch (error) {
      // What cannot be read entitles nobody now, nor later (row 20); whoever loads these records tells the operator.
      if (!(error instanceof RecordsUnreadableError)) throw error;
    }
    this.#cleared = true;
  }

  #facts(missing: Facts['missing']): Facts {
    return {
      missing,
      // Grants are made within one turn of the event loop, so that none is in flight here.
      drainedAndRecorded: this.enforcing() && this.records.areIn(this.ledger.epoch),
      finished: this.#finished(),
      takeOver: this.#failover.due(this.ledger),
      handedOver: this.#moves.done,
      failbackDue: this.#failback.due(),
      abandonDue: this.recovery.due(),
      stopWanted: this.#stop !== null,
      released: this.#stop?.released ?? false,
    };
  }

  #raiseAddresses(): void {
    this.addresses.learn(this.ledger, (owner) => this.#takeOvers.isDue(owner));
  }

  /** Nobody's time is over before it is known whether it has to come at all. */
  #finished(): ReadonlySet<NodeId> {
    const finished = this.recovery.finished(this.ledger);
    for (const owner of finished) if (this.#takeOvers.isDue(owner)) finished.delete(owner);
    return finished;
  }

  async #swap(command: Command): Promise<void> {
    const { store, mutants, steps } = this.#options;
    const before = this.#known.stored;
    const result = transition(before.ledger, command, mutants);
    // What others write until the turn has come is learned all the same.
    if (!result.ok || !this.#turn.hasCome(before.ledger, command)) return;
    if (!(await rememberLate(command, before, this))) return this.wake();
    const lifts = inGrace(before.ledger) && !inGrace(result.ledger);
    if (lifts && mutants.has('D14')) await this.#liftTooEarly(before, result.ledger);
    stepBefore(steps, command, lifts);
    const swap = await this.#swaps.send(command, before, result.ledger);
    // Who was quicker has been told already, or is to be read.
    if (swap === 'lost' && this.#known.wasToldSince(before.revision)) return this.#goOn();
    if (swap === 'lost' || swap === 'unknown') return this.wake();
    this.#goOn();
    if (this.#closed) return;
    this.#swaps.tell(swap);
    stepAfter(steps, command, lifts);
    this.#learn(swap.stored);
    if (!lifts) return;
    steps?.at('before-old-records-go');
    await store.collectGarbage(this.self);
  }

  /** Mutant D14. */
  async #liftTooEarly(before: StoredLedger, ledger: Ledger): Promise<void> {
    this.#known.set({ ...before, ledger });
    await pause(this.#options.clock, D14_DELAY_MS);
    this.#known.set(before);
  }

  #learn(stored: StoredLedger): void {
    const before = this.ledger;
    this.#known.set(stored);
    if (stored.revision === this.#learnedRevision) return;
    this.#learnedRevision = stored.revision;
    const { ledger } = stored;
    this.ended.learn(before, ledger);
    const over = endOf(ledger, this.self);
    if (over !== null) {
      if (this.#stop !== null && this.place() === 'fenced') this.#depart();
      else this.#end('fenced', over);
      return;
    }
    if (inGrace(ledger)) {
      if (!inGrace(before) && !this.alarmed)
        this.#options.observe({ event: 'enforcing', view: ledger.view, epoch: ledger.recoveryEpoch! });
      this.recovery.learn(before, ledger);
    } else if (inGrace(before)) this.recovery.lift(ledger);
    this.#failover.learn(ledger);
    this.#failback.learn(ledger);
    this.#moves.learn(ledger, this.self);
    this.#takeOvers.learn(ledger);
    this.#raiseAddresses();
  }

  #depart(): void {
    this.close();
    this.addresses.letGo();
    this.#options.observe({ event: 'stopping', view: this.ledger.view });
    this.#stop?.departed();
  }

  /** This life is over: the process ends, its beacon goes out, and its clients' claims are open for the next life or an heir. */
  #end(event: 'fenced' | 'gave-up', reason: string): void {
    if (this.#closed) return;
    this.close();
    this.addresses.letGo();
    this.#options.observe({ event, view: this.ledger.view, detail: reason });
    this.#options.onFenced(reason);
  }
}

/** Why the ledger has no use for this life any more; null: it has. */
function endOf(ledger: Ledger, self: Fence): string | null {
  const place = standing(ledger, self.node, self.incarnation);
  if (place === 'fenced') return 'the ledger has a later life of this node, or none';
  const hasStopped = memberOf(ledger, self.node)!.acknowledgedView === ledger.view;
  return place === 'suspect' && hasStopped ? 'this node is suspected dead, and its locks may be gone' : null;
}
