/**
 * What this node takes over with an address, or a filesystem, that comes here as planned (C11): what the giver says its clients hold, before any of
 * them is answered here about it. Then they need not come for grace to end.
 *
 * An estate counts for one hand-over only. This node has seen the move before it was done, and the giver's life has not ended since: so nothing but
 * that hand-over can have ended the move, and what that giver has written for this node, in no earlier view than the one in which the move was
 * seen, it has written for it. What is missing, damaged or of another move counts for nothing, and the clients reclaim.
 *
 * The giver of an address has written before it hands over. That of a filesystem lets go, and writes, when it has learned of the hand-over: that is waited
 * for, since nobody can tell what was let go before it was.
 */

import type { Clock } from '../../core/clock.ts';
import type { NodeId, View } from '../../core/ids.ts';
import { carrierOf, claimsServedBy, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import type { Self } from '../../core/next-command.ts';
import type { Life } from '../../core/succession.ts';
import type { ClientIdentity } from '../coordination.ts';
import { type ClientEstate, clientsOf, type EstateBoard } from '../estates/estate.ts';
import type { GraceRecovery } from '../grace-recovery.ts';
import type { OwnRecords } from '../own-records.ts';
import { Alarm } from './alarm.ts';

/** What moves hand over beside the claims. */
export interface EstateDesk {
  readonly board: EstateBoard;
  /** What those hold at this node who came by the address of `owner`: of each that all can be told of. */
  inventory(owner: NodeId): readonly ClientEstate[];
  /** Takes that in the shared filesystem, for each client all or nothing. Those that need not reclaim any more. */
  adopt(owner: NodeId, estates: readonly ClientEstate[]): readonly ClientIdentity[];
}

/** How often it is looked whether the giver of a filesystem has written. */
const LOOK_MS = 2;

export interface TakeOversOptions {
  /** {@link CoordinatorOptions.moves} */
  readonly moves?: 'address' | 'filesystem';
  readonly clock: Clock;
  readonly leaseMs: number;
  /** It is time to look again. */
  readonly onDue: () => void;
  readonly desk: EstateDesk | null;
  readonly self: Self;
  readonly records: OwnRecords;
  readonly recovery: GraceRecovery;
  readonly mutants: Mutants;
}

/** A move to this node as it was seen first. */
interface Sighting {
  readonly giver: Life;
  readonly view: View;
}

/** Of whom nothing is to be waited for any more. */
interface Adopted {
  /** All that they held is held here, and they are to be on record for it. */
  readonly held: readonly ClientIdentity[];
  /** They held nothing. */
  readonly idle: readonly ClientIdentity[];
}

export class TakeOvers {
  readonly #options: TakeOversOptions;
  /** Moves that have not come about yet. */
  readonly #seen = new Map<NodeId, Sighting>();
  /** Addresses that have come, and nobody is answered at them before this is done. */
  readonly #due = new Map<NodeId, Sighting>();
  /** Who is held for here and not yet on record. */
  readonly #adopted = new Map<NodeId, Adopted>();
  /** Until when a giver is waited for. */
  readonly #patience = new Map<NodeId, number>();

  readonly #alarm: Alarm;

  constructor(options: TakeOversOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.onDue);
  }

  /** Is it not settled yet what is taken over with that address? */
  isDue(owner: NodeId): boolean {
    return this.#due.has(owner);
  }

  close(): void {
    this.#alarm.cancel();
  }

  learn(ledger: Ledger): void {
    const { node } = this.#options.self;
    if (this.#options.desk === null) return;
    const served = claimsServedBy(ledger, node);
    for (const owner of new Set([...nodesOf(ledger), ...this.#seen.keys(), ...this.#due.keys()])) {
      const sighting = this.#seen.get(owner);
      const { movingTo = null } = memberOf(ledger, owner) ?? {};
      if (movingTo === node) this.#see(owner, ledger);
      else this.#seen.delete(owner);
      // What moves on is let go of here, and nothing may be taken after that: whoever has not been taken over by now reclaims.
      if (!served.includes(owner) || movingTo !== null) {
        this.#settle(owner);
      } else if (sighting !== undefined && livesOn(sighting.giver, ledger)) this.#await(owner, sighting);
    }
  }

  #see(owner: NodeId, ledger: Ledger): void {
    const node = carrierOf(ledger, owner);
    // A filesystem that goes home: those who had gone after it stay where they are.
    if (this.#isOfFilesystem && node !== owner) return;
    const before = this.#seen.get(owner)?.giver;
    const { incarnation } = ledger.members[node]!;
    if (before?.node === node && before.incarnation === incarnation) return;
    this.#seen.set(owner, { giver: { node, incarnation }, view: ledger.view });
  }

  #await(owner: NodeId, sighting: Sighting): void {
    const { clock, leaseMs } = this.#options;
    this.#due.set(owner, sighting);
    this.#patience.set(owner, clock.nowMs() + leaseMs / 2);
  }

  #settle(owner: NodeId): void {
    for (const known of [this.#due, this.#adopted, this.#patience]) known.delete(owner);
  }

  /** To be called when records are loaded. Each client is on record, durably, before it counts as complete. Rejects with the store's errors: call again. */
  async takeOver(ledger: Ledger): Promise<void> {
    const { records, recovery } = this.#options;
    for (const [owner, sighting] of [...this.#due]) {
      if (!recovery.isLoaded(owner)) continue;
      const adopted = this.#adopted.get(owner) ?? (await this.#adopt(owner, sighting, ledger));
      if (adopted === null || this.#due.get(owner) !== sighting) continue;
      this.#adopted.set(owner, adopted);
      const { held, idle } = adopted;
      const outcomes = await Promise.all(
        held.flatMap((client) => this.#recordsOf(client, owner)).map((client) => records.put(client)),
      );
      if (outcomes.includes('fenced') || this.#due.get(owner) !== sighting) return;
      for (const client of [...held, ...idle]) recovery.complete({ ...client, service: owner });
      this.#settle(owner);
    }
  }

  /** Null: it is not there yet. */
  async #adopt(owner: NodeId, sighting: Sighting, ledger: Ledger): Promise<Adopted | null> {
    const { giver, view } = sighting;
    const { desk, self, recovery, mutants } = this.#options;
    // What cannot be read says nothing: they reclaim.
    const text = await desk!.board.read(owner, giver.node).catch(() => null);
    if (this.#due.get(owner) !== sighting) return null;
    const recoveryEpoch = ledger.recoveryEpoch!;
    const of = { service: owner, giver, taker: self, recoveryEpoch, view };
    const clients = text === null ? null : clientsOf(text, of, mutants);
    if (clients === null) return this.#mayStillCome(owner, sighting, ledger) ? null : { held: [], idle: [] };
    // Whoever is not expected has nothing to reclaim, or may not.
    const expected = clients.filter((client) => recovery.isExpected({ ...client, service: owner }));
    if (!this.#isOfFilesystem) return { held: desk!.adopt(owner, expected), idle: [] };
    const holding = expected.filter(({ files }) => files.length > 0);
    return {
      held: desk!.adopt(
        owner,
        holding.filter((client) => this.#hasLostNothing(client)),
      ),
      // Nobody sends them here, so that they are not to be on record here either.
      idle: expected.filter(({ files }) => files.length === 0),
    };
  }

  /** A giver that has died has written, or never will. */
  #mayStillCome(owner: NodeId, { giver }: Sighting, ledger: Ledger): boolean {
    const { clock } = this.#options;
    if (!this.#isOfFilesystem || !livesOn(giver, ledger)) return false;
    if (clock.nowMs() >= this.#patience.get(owner)!) return false;
    this.#alarm.set([clock.nowMs() + LOOK_MS]);
    return true;
  }

  /**
   * Where filesystems move, their clients come by this node's own address, and are on record for that. And for the one that they came by, until they have said
   * that they are through with the filesystem: this node's next life must know that they may come, though they complete there for all else (row 30).
   */
  #recordsOf({ ownerId, principal }: ClientIdentity, service: NodeId): readonly ClientIdentity[] {
    const there = { ownerId, principal, service };
    return this.#isOfFilesystem ? [{ ownerId, principal }, there] : [there];
  }

  /** What was taken from it here, or where a filesystem came from before, nobody could tell from the rest (arrivals.ts). */
  #hasLostNothing({ ownerId, principal }: ClientEstate): boolean {
    const { records, recovery } = this.#options;
    const here = { ownerId, principal };
    return !records.hasLost(here) && records.lostAt(here).length === 0 && !recovery.hasLost(here);
  }

  get #isOfFilesystem(): boolean {
    return this.#options.moves === 'filesystem';
  }
}

const livesOn = ({ node, incarnation }: Life, ledger: Ledger): boolean => {
  const member = memberOf(ledger, node);
  return member?.state === 'up' && member.incarnation === incarnation;
};
