/**
 * One node's coordinator: the questions of the protocol side, answered from what this life knows now. What it knows, and what it does
 * about it, is in coordinator/agreement.ts; the rules are in `core`.
 */
import type { Incarnation, NodeId } from '../core/ids.ts';
import { carrierOf, inGrace } from '../core/ledger.ts';
import type { StoredLedger, WriteOutcome } from '../store/store.ts';
import { bootNode } from './boot.ts';
import type {
  ClientIdentity,
  Coordination,
  NewStateAnswer,
  Place,
  ReclaimAnswer,
  RecordAnswer,
} from './coordination.ts';
import { Agreement } from './coordinator/agreement.ts';
import type { CoordinatorOptions } from './coordinator/options.ts';
import { type CoordinatorStatus, statusOf } from './coordinator/status.ts';
import { isStoreError } from './coordinator/store-errors.ts';

export type { AddressCarrier, CoordinatorOptions } from './coordinator/options.ts';
export type { CoordinatorStatus } from './coordinator/status.ts';

const HERE: Place = { kind: 'here' };
const atThisNode = ({ ownerId, principal }: ClientIdentity): ClientIdentity => ({ ownerId, principal });
/** How long a boot waits for a former life of the same node to be over. */
const FORMER_LIFE_MS = 5_000;

export class Coordinator implements Coordination {
  readonly incarnation: Incarnation;
  readonly #options: CoordinatorOptions;
  readonly #agreement: Agreement;

  /**
   * Boots a new life of the node (docs/protocol.md) and begins to take part. Waits for a store that does not answer, as long as it
   * takes. @throws BootRefusedError, and the errors of the beacon file
   */
  static async boot(options: CoordinatorOptions): Promise<Coordinator> {
    const swaps: [string, StoredLedger, number][] = [];
    const { incarnation, stored } = await bootNode({
      ...options,
      patienceMs: FORMER_LIFE_MS,
      onSwapped: (command, swapped, sentAtMs) => swaps.push([command, swapped, sentAtMs]),
    });
    for (const [command, swapped, sentAtMs] of swaps)
      options.observeSwap(command, swapped, incarnation, sentAtMs);
    options.steps?.at('between-boot-swap-and-serving');
    const agreement = new Agreement(options, { node: options.node, incarnation }, stored);
    agreement.begin();
    return new Coordinator(options, agreement);
  }

  private constructor(options: CoordinatorOptions, agreement: Agreement) {
    this.#options = options;
    this.#agreement = agreement;
    this.incarnation = agreement.self.incarnation;
  }

  // ---- questions of the protocol side (coordination.ts) ----

  place(): Place {
    return this.#options.moves === 'filesystem' ? this.#agreement.filesystemPlace() : HERE;
  }

  mayArrive(client: ClientIdentity): boolean {
    const { ledger, recovery, records } = this.#agreement;
    if (this.#options.moves !== 'filesystem') return false;
    // Also when it is too late for anything but being told so.
    return (inGrace(ledger) && recovery.mayArrive(client, ledger)) || records.isElsewhere(client);
  }

  async arrived(client: ClientIdentity, complete: boolean): Promise<RecordAnswer> {
    const { ledger, recovery } = this.#agreement;
    // What it says now would be about nothing, and its claims would be waited for when they come.
    if (inGrace(ledger) && recovery.awaitsArrivals(client, ledger)) return 'unavailable';
    const answer = await this.#answering(async () => {
      const { records } = this.#agreement;
      const [written, settled] = await Promise.all([
        complete ? records.put(client) : ('written' as const),
        records.settle(client),
      ]);
      return settled === 'fenced' ? settled : written;
    });
    if (answer === 'durable') this.#agreement.recovery.arrived(client, this.#agreement.ledger);
    this.#agreement.wake();
    return answer;
  }

  newState(): NewStateAnswer {
    return this.#refuses() ? 'grace' : 'grant';
  }

  confirmNewState(): NewStateAnswer {
    // The process may have been stopped since the first question.
    if (this.#refuses()) return 'grace';
    if (this.#options.mutants.has('D12')) return 'grant';
    const { missing, answered } = this.#agreement.lookAtPeers();
    if (answered && missing.length === 0) return 'grant';
    this.#agreement.alarm(missing);
    return 'grace';
  }

  reclaim(client: ClientIdentity): ReclaimAnswer {
    const answer = this.#reclaim(client);
    // Whatever it had lost, it knows now (row 19).
    if (answer === 'no-grace') this.#agreement.records.told(client);
    return answer;
  }

  mayMeetLeftOvers(): boolean {
    return this.#agreement.ended.mayHold();
  }

  inGrace(): boolean {
    return this.#agreement.alarmed || inGrace(this.#agreement.ledger);
  }

  recorded(client: ClientIdentity): Promise<RecordAnswer> {
    return this.#record(client);
  }

  async completed(client: ClientIdentity): Promise<RecordAnswer> {
    const answer = await this.#record(client);
    if (answer === 'durable') this.#agreement.recovery.complete(client);
    this.#agreement.wake();
    return answer;
  }

  async confirmed(client: ClientIdentity): Promise<RecordAnswer> {
    if (!this.#options.mutants.has('D9')) return 'durable';
    return this.#answering(() => this.#agreement.records.put(client));
  }

  forget(client: ClientIdentity): Promise<RecordAnswer> {
    if (this.#cameWithFilesystem(client)) return this.forget(atThisNode(client));
    return this.#withoutClaim(client, async () => {
      const { records } = this.#agreement;
      // By each address that moves it is a client of its own.
      if (this.#options.moves !== 'filesystem') return records.remove(client);
      // Both in their places in the queue before anything else is asked for.
      const [removed, settled] = await Promise.all([records.remove(client), records.settle(client)]);
      return settled === 'fenced' ? settled : removed;
    });
  }

  async revoke(client: ClientIdentity): Promise<RecordAnswer> {
    if (this.#options.mutants.has('M15')) return 'durable';
    if (!this.#cameWithFilesystem(client))
      return this.#withoutClaim(client, () => this.#agreement.records.revoke(client));
    return this.#withoutClaim(client, async () => {
      const { records, ledger, self } = this.#agreement;
      // Once it has gone home there is nothing to be remembered for whoever comes after it.
      const isHere = carrierOf(ledger, client.service!) === self.node;
      if (isHere && (await records.revoke(client)) === 'fenced') return 'fenced';
      return records.remove(atThisNode(client));
    });
  }

  // ---- addresses ----

  /** Are the clients that come by the address of `owner` this node's, as far as it knows? */
  serves(owner: NodeId): boolean {
    return this.#agreement.serves(owner);
  }

  // ---- planned stop, status ----

  /**
   * Planned stop (C11): grace first, `release` past the barrier (it must let every lock go, and serve no more), then out
   * of the cluster. Resolves when the process may end.
   */
  leave(release: () => void): Promise<void> {
    return this.#agreement.leave(release);
  }

  status(): CoordinatorStatus {
    return statusOf(this.#agreement);
  }

  /** Takes no further part; the beacon stays lit until the process ends, as do its locks. */
  close(): void {
    this.#agreement.close();
  }

  // ---- how ----

  /** What was held for a client of another node that has not come after its filesystem: it is on record as one of this node as well. */
  #cameWithFilesystem({ service }: ClientIdentity): boolean {
    return this.#options.moves === 'filesystem' && service !== undefined;
  }

  #refuses(): boolean {
    if (!this.#agreement.patience.isFresh()) this.#agreement.wake();
    return this.#agreement.enforcing();
  }

  #reclaim(client: ClientIdentity): ReclaimAnswer {
    const { ledger, patience, closed, recovery } = this.#agreement;
    if (!patience.isFresh()) this.#agreement.wake();
    // Not "no grace": whoever does not know what the ledger says by now must not tell a client that its lock is lost.
    if (closed || !patience.isFresh() || !patience.status().answers) return 'delay';
    if (!inGrace(ledger)) return 'no-grace';
    if (this.#agreement.place() !== 'current') return 'delay';
    return recovery.answer(client, ledger);
  }

  async #record(client: ClientIdentity): Promise<RecordAnswer> {
    const answer = await this.#answering(() => this.#agreement.records.put(client));
    // Mutant D7: what could not be stored is in the log, and the client goes on as if it had been.
    return answer === 'unavailable' && this.#options.mutants.has('D7') ? 'durable' : answer;
  }

  async #withoutClaim(client: ClientIdentity, write: () => Promise<WriteOutcome>): Promise<RecordAnswer> {
    const answer = await this.#answering(write);
    if (answer === 'durable') this.#agreement.recovery.forget(client);
    this.#agreement.wake();
    return answer;
  }

  async #answering(write: () => Promise<WriteOutcome>): Promise<RecordAnswer> {
    const { patience } = this.#agreement;
    // Not even tried: while the ledger says nothing, nobody knows which epoch a record belongs into.
    if (!patience.status().answers) return 'unavailable';
    try {
      return (await write()) === 'written' ? 'durable' : 'fenced';
    } catch (error) {
      if (!isStoreError(error)) throw error;
      patience.failed(error.message);
      this.#agreement.wake();
      return 'unavailable';
    }
  }
}
