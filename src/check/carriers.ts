import type { History } from '../history/events.ts';
import { type LedgerStep, memberNamed } from './graces.ts';
import type { Operation } from './operations.ts';

/** A stretch in which one node may have answered at an address, taken at its widest. */
interface Tenure {
  readonly carrier: string;
  readonly from: number;
  until: number;
}

/**
 * Who answered at a node's service address? Clients name the address by its owner; after a takeover its heir
 * carries it, and the ledger says since when (`addressAt`, which moves in the swap of the takeover itself).
 */
export class Carriers {
  readonly #steps: readonly LedgerStep[];
  readonly #tenures = new Map<string, readonly Tenure[]>();
  /** false: every address was with its owner all the time, as far as the ledger shows. */
  readonly moved: boolean;

  /** @param steps in ledger order */
  constructor(steps: readonly LedgerStep[]) {
    this.#steps = steps;
    this.moved = steps.some(({ event }) =>
      Object.values(event.ledger.members).some(({ addressAt }) => (addressAt ?? null) !== null),
    );
  }

  /** Every node that may have answered at the address of `owner` at some moment of [from, to]; at least one. */
  during(owner: string, from: number, to: number): readonly string[] {
    if (!this.moved) return [owner];
    let tenures = this.#tenures.get(owner);
    if (tenures === undefined) {
      tenures = tenuresOf(this.#steps, owner);
      this.#tenures.set(owner, tenures);
    }
    const there = tenures.filter((tenure) => tenure.from <= to && from <= tenure.until);
    return [...new Set(there.map(({ carrier }) => carrier))];
  }
}

function tenuresOf(steps: readonly LedgerStep[], owner: string): Tenure[] {
  const always: Tenure = { carrier: owner, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
  const tenures: Tenure[] = [];
  for (const [at, step] of steps.entries()) {
    const carrier = memberNamed(step.event.ledger, owner)?.addressAt ?? owner;
    const last = tenures.at(-1);
    if (last?.carrier === carrier) continue;
    // What was before the first swap that is seen was as that one has it, unless that one is the change.
    const from = last === undefined ? Number.NEGATIVE_INFINITY : changedFrom(step, steps[at - 1]!);
    if (last !== undefined) last.until = step.latest;
    tenures.push({ carrier, from, until: Number.POSITIVE_INFINITY });
  }
  return tenures.length === 0 ? [always] : tenures;
}

const MOVES_ADDRESSES: ReadonlySet<string> = new Set(['inherit', 'hand-over', 'abandon', 'retire']);

/** A swap that cannot have moved the address itself only shows that one did whose event is missing. */
const changedFrom = (step: LedgerStep, before: LedgerStep): number =>
  MOVES_ADDRESSES.has(step.event.command) ? step.earliest : before.earliest;

/** A grant as the node that gave it tells it. */
interface ToldGrant {
  readonly t: number;
  readonly node: string;
  readonly op: string | undefined;
  readonly reclaim: boolean;
  readonly files: readonly string[];
  readonly start: number;
  readonly end: number;
}

/** By client: what nodes said that they granted. */
export type ToldGrants = ReadonlyMap<string, readonly ToldGrant[]>;

export function toldGrants(history: History): ToldGrants {
  const grants = new Map<string, ToldGrant[]>();
  for (const event of history) {
    if (event.kind !== 'node' || event.event !== 'grant') continue;
    if (event.client === undefined || event.file === undefined) continue;
    const { t, node, op, file, domain, span } = event;
    const ofClient = grants.get(event.client) ?? [];
    grants.set(event.client, ofClient);
    ofClient.push({
      t,
      node,
      op,
      reclaim: event.reclaim === true,
      files: domain === undefined ? [file] : [file, `${domain}/${file}`],
      start: span?.start ?? 0,
      end: span?.end ?? Number.POSITIVE_INFINITY,
    });
  }
  return grants;
}

/** The node that says that it granted this very request; null where none says so, or several do. */
export function grantorOf(grants: ToldGrants, operation: Operation): string | null {
  if (operation.outcome !== 'ok') return null;
  const nodes = new Set<string>();
  for (const grant of grants.get(operation.client) ?? []) {
    if (grant.t < operation.invokedAt || grant.t > operation.repliedAt) continue;
    const sameRange =
      operation.op !== 'lock' || (grant.start === operation.start && grant.end === operation.end);
    if (
      grant.op === operation.op &&
      grant.reclaim === operation.reclaim &&
      grant.files.includes(operation.file) &&
      sameRange
    )
      nodes.add(grant.node);
  }
  const [only] = nodes;
  return nodes.size === 1 ? only! : null;
}
