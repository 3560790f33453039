/**
 * What this node takes over with an address that comes here as planned (C11): what the giver says its clients hold, before any of them is
 * answered here. Then they need not come for grace to end.
 *
 * An estate counts for one hand-over only. This node has seen the move before it was done, and the giver's life has not ended since: so nothing but
 * that hand-over can have ended the move, and what that giver has written for this node, in no earlier view than the one in which the move was
 * seen, it has written for it. What is missing, damaged or of another move counts for nothing, and the clients reclaim.
 */
import type { NodeId, View } from '../../core/ids.ts';
import { carrierOf, claimsServedBy, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import type { Self } from '../../core/next-command.ts';
import type { Life } from '../../core/succession.ts';
import type { ClientIdentity } from '../coordination.ts';
import { type ClientEstate, clientsOf, type EstateBoard } from '../estates/estate.ts';
import type { GraceRecovery } from '../grace-recovery.ts';
import type { OwnRecords } from '../own-records.ts';

/** What moves hand over beside the claims. */
export interface EstateDesk {
  readonly board: EstateBoard;
  /** What those hold at this node who came by the address of `owner`: of each that all can be told of. */
  inventory(owner: NodeId): readonly ClientEstate[];
  /** Takes that in the shared filesystem, for each client all or nothing. Those that need not reclaim any more. */
  adopt(owner: NodeId, estates: readonly ClientEstate[]): readonly ClientIdentity[];
}

export interface TakeOversOptions {
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

export class TakeOvers {
  readonly #options: TakeOversOptions;
  /** Moves that have not come about yet. */
  readonly #seen = new Map<NodeId, Sighting>();
  /** Addresses that have come, and nobody is answered at them before this is done. */
  readonly #due = new Map<NodeId, Sighting>();
  /** Who is held for here and not yet on record. */
  readonly #adopted = new Map<NodeId, readonly ClientIdentity[]>();

  constructor(options: TakeOversOptions) {
    this.#options = options;
  }

  /** Is it not settled yet what is taken over with that address? */
  isDue(owner: NodeId): boolean {
    return this.#due.has(owner);
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
        this.#due.delete(owner);
        this.#adopted.delete(owner);
      } else if (sighting !== undefined && livesOn(sighting.giver, ledger)) this.#due.set(owner, sighting);
    }
  }

  #see(owner: NodeId, ledger: Ledger): void {
    const node = carrierOf(ledger, owner);
    const before = this.#seen.get(owner)?.giver;
    const { incarnation } = ledger.members[node]!;
    if (before?.node === node && before.incarnation === incarnation) return;
    this.#seen.set(owner, { giver: { node, incarnation }, view: ledger.view });
  }

  /** To be called when records are loaded. Each client is on record, durably, before it counts as complete. Rejects with the store's errors: call again. */
  async takeOver(ledger: Ledger): Promise<void> {
    const { records, recovery } = this.#options;
    for (const [owner, sighting] of [...this.#due]) {
      if (!recovery.isLoaded(owner)) continue;
      const adopted = this.#adopted.get(owner) ?? (await this.#adopt(owner, sighting, ledger));
      if (this.#due.get(owner) !== sighting) continue;
      this.#adopted.set(owner, adopted);
      const outcomes = await Promise.all(adopted.map((client) => records.put(client)));
      if (outcomes.includes('fenced') || this.#due.get(owner) !== sighting) return;
      for (const client of adopted) recovery.complete(client);
      this.#due.delete(owner);
      this.#adopted.delete(owner);
    }
  }

  async #adopt(owner: NodeId, sighting: Sighting, ledger: Ledger): Promise<readonly ClientIdentity[]> {
    const { giver, view } = sighting;
    const { desk, self, recovery, mutants } = this.#options;
    // What cannot be read says nothing: they reclaim.
    const text = await desk!.board.read(owner, giver.node).catch(() => null);
    if (text === null || this.#due.get(owner) !== sighting) return [];
    const recoveryEpoch = ledger.recoveryEpoch!;
    const of = { service: owner, giver, taker: self, recoveryEpoch, view };
    const clients = clientsOf(text, of, mutants) ?? [];
    // Whoever is not expected has nothing to reclaim, or may not.
    const expected = clients.filter((client) => recovery.isExpected({ ...client, service: owner }));
    return desk!.adopt(owner, expected);
  }
}

const livesOn = ({ node, incarnation }: Life, ledger: Ledger): boolean => {
  const member = memberOf(ledger, node);
  return member?.state === 'up' && member.incarnation === incarnation;
};
