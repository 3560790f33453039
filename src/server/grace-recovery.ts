/** One node's side of the grace that runs: whose clients may reclaim here, who is still expected, and until when. */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Clock } from '../core/clock.ts';
import type { Epoch, NodeId } from '../core/ids.ts';
import {
  barrierReached,
  carrierOf,
  claimsServedBy,
  inGrace,
  type Ledger,
  memberOf,
  nodesOf,
} from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import { recorderOf } from '../core/record-transitions.ts';
import type { NodeEvent } from '../history/events.ts';
import { type DomainStore, RecordsUnreadableError } from '../store/store.ts';
import { Arrivals } from './arrivals.ts';
import { asText, serviceOf } from './client-keys.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';
import { Alarm } from './coordinator/alarm.ts';
import { type GraceDeadline, GraceDeadlines } from './grace-deadline.ts';
import { ReclaimClaims } from './reclaim-claims.ts';

export interface GraceRecoveryOptions {
  readonly node: NodeId;
  readonly store: DomainStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** {@link CoordinatorOptions.moves} */
  readonly moves?: 'address' | 'filesystem';
  readonly mutants: Mutants;
  readonly observe: (
    event: Pick<NodeEvent, 'event' | 'view' | 'epoch' | 'peer' | 'count' | 'detail'>,
  ) => void;
  /** Has this client completed here, in this life, and lost nothing since? */
  readonly isHere: (client: ClientIdentity) => boolean;
  /** Has this life taken something from it that it has not been told of? */
  readonly hasLost: (client: ClientIdentity) => boolean;
  /** Is it not settled yet what is taken over of the clients of `owner`? Left out: nothing ever is. */
  readonly isTakingOver?: (owner: NodeId) => boolean;
  /** A moment has come after which there may be more to do. */
  readonly onDue: () => void;
}

/**
 * At the very first start of a domain there is nothing to reclaim, and whoever boots first would end its grace at once, and the next one begin
 * another: N graces, which all that are up already have to acknowledge. So it waits for the others to join its grace, this long at most.
 */
const FIRST_START_MS = 1_000;

/** A recorded client that may still reclaim. */
export interface ExpectedClient {
  readonly client: string;
  /** By whose address it comes. */
  readonly of: string;
  /** For how long it could have come here, in milliseconds; null: it cannot yet. */
  readonly sinceMs: number | null;
}

export class GraceRecovery {
  readonly #options: GraceRecoveryOptions;
  #claims: ReclaimClaims | null = null;
  /** Of this grace; none was given outside of one. */
  #deadlines: GraceDeadlines;
  readonly #alarm: Alarm;
  /** When this grace was first heard of here. */
  #beganMs: number | null = null;
  /** The view whose barrier was seen last. */
  #barrierView = 0;
  /** Claims whose `finish` is on its way: nothing is granted for them from before it is sent. */
  readonly #finishing = new Set<NodeId>();
  #unreadable: string | null = null;

  constructor(options: GraceRecoveryOptions) {
    this.#options = options;
    this.#deadlines = new GraceDeadlines(options);
    this.#alarm = new Alarm(options.clock, () => {
      this.#setAlarm();
      options.onDue();
    });
  }

  /** A newer ledger, in grace. */
  learn(before: Ledger, ledger: Ledger): void {
    const claims = this.#claimsIn(ledger.recoveryEpoch!);
    const served = claimsServedBy(ledger, this.#options.node);
    for (const claimant of nodesOf(ledger)) {
      if (served.includes(claimant)) continue;
      claims.unload(claimant);
      // Should they be opened here again, by a move that comes back in this grace, their clients have all of their time.
      this.#finishing.delete(claimant);
    }
    if (!barrierReached(ledger)) {
      // A `finish` that was on its way has been refused: it comes again after the next barrier, if it still should.
      this.#finishing.clear();
      this.#deadlines.suspend();
    } else {
      if (this.#deadline === null || somebodyNewServes(before, ledger))
        this.#deadlines.give(this.#options.clock.nowMs());
      if (this.#barrierView !== ledger.view) this.#options.observe({ event: 'barrier', view: ledger.view });
      this.#barrierView = ledger.view;
    }
    this.#setAlarm();
  }

  /** A newer ledger, out of grace. */
  lift(ledger: Ledger): void {
    this.#claims = null;
    this.#beganMs = null;
    this.#forgetTimes();
    this.#setAlarm();
    this.#options.observe({ event: 'lifted', view: ledger.view });
  }

  close(): void {
    this.#alarm.cancel();
  }

  /** Past the barrier: the records of all whose claims are served here. Rejects with StoreUnavailableError. */
  async load(ledger: Ledger): Promise<void> {
    const { node, mutants, observe, clock } = this.#options;
    const claims = this.#claims;
    const { recoveryEpoch } = ledger;
    if (claims === null || recoveryEpoch === null) return;
    if (!barrierReached(ledger) && !mutants.has('D11')) return;
    await this.#noteLosses(claims, ledger);
    for (const claimant of claimsServedBy(ledger, node)) {
      if (claims.isLoaded(claimant)) continue;
      const records = await this.#recordsOf({ epoch: recoveryEpoch, node: claimant });
      claims.load(claimant, records, recorderOf(ledger, claimant), clock.nowMs(), this.#options.isHere);
      observe({ event: 'records-loaded', epoch: recoveryEpoch, peer: claimant, count: records.length });
    }
  }

  /**
   * Clients that went after a filesystem may be on record here, and have come too late there for what they had at the node that it came from: known
   * before anything is granted here.
   */
  async #noteLosses(claims: ReclaimClaims, ledger: Ledger): Promise<void> {
    const { moves, node } = this.#options;
    if (moves !== 'filesystem') return;
    for (const moved of nodesOf(ledger)) {
      const carrier = carrierOf(ledger, moved);
      if (carrier === moved || carrier === node || claims.hasNoted(moved)) continue;
      claims.noteLosses(moved, await this.#recordsOf({ epoch: claims.recoveryEpoch, node: moved }));
    }
  }

  /** Are the records of that claimant read, so that its clients can be known? */
  isLoaded(claimant: NodeId): boolean {
    return this.#claims?.isLoaded(claimant) === true;
  }

  /** Is it known from before this grace that the client lost something, here or where a filesystem came from? */
  hasLost(client: ClientIdentity): boolean {
    return (this.#claims?.lostAt(client).length ?? 0) > 0;
  }

  /** May this client still come to reclaim here? */
  isExpected(client: ClientIdentity): boolean {
    return this.#claims?.expects(client) === true;
  }

  /** I4. The caller has made sure that this life is current and its store answers. */
  answer(client: ClientIdentity, ledger: Ledger): ReclaimAnswer {
    const { node, mutants, clock } = this.#options;
    if (!inGrace(ledger)) return 'no-grace';
    if (!barrierReached(ledger) && !mutants.has('D11')) return 'delay';
    const service = serviceOf(client, node);
    // It came by an address of which this node does not know yet, or not any more for long.
    const moving = memberOf(ledger, service)?.movingTo ?? null;
    if (carrierOf(ledger, service) !== node || moving !== null) return 'delay';
    const served = claimsServedBy(ledger, node).filter((claimant) => !this.#finishing.has(claimant));
    if (served.includes(service) && !this.#claims?.isLoaded(service)) return 'delay';
    const answer =
      this.#arrivals(ledger)?.answer(client) ?? this.#claims?.answer(client, served) ?? 'no-grace';
    if (answer === 'grant') this.#deadline?.reclaimed(clock.nowMs());
    if (answer === 'no-grace') this.#claims?.told(client);
    return answer;
  }

  /** {@link Coordination.mayArrive} */
  mayArrive(client: ClientIdentity, ledger: Ledger): boolean {
    return this.#arrivals(ledger)?.mayCome(client) === true;
  }

  /** What comes, or came, with the filesystem is not known here yet. */
  awaitsArrivals(client: ClientIdentity, ledger: Ledger): boolean {
    return this.#arrivals(ledger)?.areAwaited(client) === true;
  }

  /** It is through with what came with the filesystem, and its record is durable. */
  arrived(client: ClientIdentity, ledger: Ledger): void {
    this.#arrivals(ledger)?.complete(client);
  }

  /** It sent RECLAIM_COMPLETE, and its record is durable. */
  complete(client: ClientIdentity): void {
    this.#claims?.complete(client);
  }

  /** Its record is durably gone, and with it its claim. */
  forget(client: ClientIdentity): void {
    this.#claims?.forget(client);
  }

  /** The clients of that address are let go, as planned: wherever they come next, they come anew. */
  release(service: NodeId): void {
    this.#claims?.unload(service);
  }

  /** From now on nobody reclaims from this claimant here: its `finish` is about to be sent. */
  finishing(claimant: NodeId): void {
    this.#finishing.add(claimant);
  }

  /** What is to be remembered of `claimant`'s clients when its claims close here: who had not completed, and who was refused before. */
  late(claimant: NodeId): ClientRecord[] {
    return [...(this.#claims?.outstanding(claimant) ?? []), ...(this.#claims?.untold(claimant) ?? [])];
  }

  /** The same of a node that nobody serves. What cannot be read is not remembered: it entitles nobody either. */
  async lateOfAbandoned(dead: NodeId, ledger: Ledger): Promise<ClientRecord[]> {
    const records = await this.#recordsOf({ epoch: ledger.recoveryEpoch!, node: dead });
    const claims = new ReclaimClaims(ledger.recoveryEpoch!, this.#options.node);
    claims.load(dead, records, recorderOf(ledger, dead), 0);
    return [...claims.outstanding(dead), ...claims.untold(dead)];
  }

  /** Nobody is waited for any more. */
  due(): boolean {
    return this.#deadline !== null && this.#options.clock.nowMs() >= this.#deadline.atMs();
  }

  /** The latest moment that any client could have moved the end to has passed, too. */
  latestPassed(): boolean {
    return this.#deadline !== null && this.#options.clock.nowMs() >= this.#deadline.latestMs();
  }

  /** Those served here whose recorded clients all completed, or all that are served when the deadline has passed; once said, it stays so. */
  finished(ledger: Ledger): Set<NodeId> {
    if (this.#awaitsFirstBoots(ledger)) return new Set();
    const due = this.due();
    const served = claimsServedBy(ledger, this.#options.node);
    // Nobody reclaims any more from a claimant whose `finish` was lost, so nobody is given more time for it either.
    return new Set(
      served.filter((claimant) => due || this.#finishing.has(claimant) || this.#claims?.areThrough(claimant)),
    );
  }

  /** Who is still expected here. */
  expected(ledger: Ledger): ExpectedClient[] {
    if (!inGrace(ledger)) return [];
    const nowMs = this.#options.clock.nowMs();
    return claimsServedBy(ledger, this.#options.node).flatMap((of) => {
      const fromMs = this.#claims?.loadedMs(of) ?? null;
      const sinceMs = fromMs === null ? null : nowMs - fromMs;
      return (this.#claims?.outstanding(of) ?? []).map(({ ownerId }) => ({
        client: asText(ownerId),
        of,
        sinceMs,
      }));
    });
  }

  /** For how long this grace has run here, in milliseconds; null: there is none. */
  runningForMs(): number | null {
    return this.#beganMs === null ? null : this.#options.clock.nowMs() - this.#beganMs;
  }

  /** What could not be read since this life began, for a person; null: nothing. */
  unreadable(): string | null {
    return this.#unreadable;
  }

  /** Milliseconds from now; null before the barrier and outside grace. */
  endsInMs(): { readonly usual: number; readonly latest: number } | null {
    if (this.#deadline === null) return null;
    const nowMs = this.#options.clock.nowMs();
    return { usual: this.#deadline.atMs() - nowMs, latest: this.#deadline.latestMs() - nowMs };
  }

  /** A grace that is new here begins, also where the end of the one before was never heard of. */
  #claimsIn(recoveryEpoch: Epoch): ReclaimClaims {
    if (this.#claims?.recoveryEpoch === recoveryEpoch) return this.#claims;
    this.#claims = new ReclaimClaims(recoveryEpoch, this.#options.node);
    this.#beganMs = this.#options.clock.nowMs();
    this.#forgetTimes();
    return this.#claims;
  }

  /** Null where it is addresses that move, and outside grace. */
  #arrivals(ledger: Ledger): Arrivals | null {
    const { moves, node, mutants } = this.#options;
    const claims = this.#claims;
    return moves !== 'filesystem' || claims === null
      ? null
      : new Arrivals({
          node,
          ledger,
          claims,
          hasLost: this.#options.hasLost,
          isTakingOver: this.#options.isTakingOver ?? (() => false),
          finishing: this.#finishing,
          mutants,
        });
  }

  #forgetTimes(): void {
    this.#finishing.clear();
    this.#deadlines = new GraceDeadlines(this.#options);
  }

  /** Null before the barrier and outside grace. */
  get #deadline(): GraceDeadline | null {
    return this.#deadlines.current;
  }

  /** Row 20: what cannot be read gives nobody a claim, and the operator is told. */
  async #recordsOf(scope: RecordScope): Promise<readonly ClientRecord[]> {
    try {
      return await this.#options.store.records(scope);
    } catch (error) {
      if (!(error instanceof RecordsUnreadableError)) throw error;
      this.#unreadable = `${error.message}; none of the clients of ${scope.node} may reclaim`;
      this.#options.observe({ event: 'store-unavailable', peer: scope.node, detail: this.#unreadable });
      return [];
    }
  }

  /** {@link FIRST_START_MS}. Nobody was up at any lift: this domain has never granted anything. */
  #awaitsFirstBoots(ledger: Ledger): boolean {
    if (this.#beganMs === null || this.#options.clock.nowMs() >= this.#beganMs + FIRST_START_MS) return false;
    const members = nodesOf(ledger).map((node) => ledger.members[node]!);
    return (
      members.every(({ recordedIncarnation }) => recordedIncarnation === 0) &&
      members.some(({ incarnation }) => incarnation === 0)
    );
  }

  /** Reclaims move the deadline while the timer runs, so it is set again each time it rings. */
  #setAlarm(): void {
    const moments = this.#deadline === null ? [] : [this.#deadline.atMs(), this.#deadline.latestMs()];
    if (this.#beganMs !== null) moments.push(this.#beganMs + FIRST_START_MS);
    this.#alarm.set(moments);
  }
}

/**
 * There are clients that could not reclaim from anybody before, or from somebody else: a node has come back, has let its locks go as a leaver,
 * has died, or an heir was named. It is their time that runs now, so they get all of it. That somebody has finished, or a member was
 * admitted, gives nobody more.
 */
function somebodyNewServes(before: Ledger, now: Ledger): boolean {
  return nodesOf(now).some((node) => {
    const member = now.members[node]!;
    const former = memberOf(before, node);
    if (member.claims === 'closed') return false;
    const carrier = memberOf(now, carrierOf(now, node));
    const formerCarrier = memberOf(before, carrierOf(before, node));
    return (
      former?.claims !== 'open' ||
      carrierOf(before, node) !== carrierOf(now, node) ||
      formerCarrier?.incarnation !== carrier?.incarnation ||
      formerCarrier?.state !== carrier?.state
    );
  });
}
