import type { Ledger } from '../core/ledger.ts';
import { atBarrier, type Grace, type LedgerStep, memberNamed } from './graces.ts';
import type { Operation } from './operations.ts';

/** A stretch in which a node may have granted reclaims to the clients of one node, taken at its widest. */
export interface Permit {
  readonly grace: Grace;
  /** By whose address they come. */
  readonly claimant: string;
  readonly from: number;
  readonly until: number;
}

/**
 * When could `node` rightly grant a reclaim, and to whose clients? From the barrier of a view in which the claims are
 * open and its own to serve (an heir: from the swap that makes it one), to the moment at which it must know
 * better: its own next swap that changes that (its acknowledgement of a later view, its finish), a swap of whoever that takes
 * the claims from it, or the end of the grace. A view that another node made does not end the permit by itself:
 * until the node has acknowledged it, it may not have heard of it, and what it does on the older view is safe since all who
 * acknowledged that one still refuse new state.
 */
export function permitsOf(graces: readonly Grace[], node: string): Permit[] {
  const permits: Permit[] = [];
  for (const grace of graces) {
    permits.push(...beforeFirstSeen(grace, node));
    for (const [at, step] of grace.steps.entries()) {
      const { ledger } = step.event;
      if (!atBarrier(ledger) && !mayHideBarrier(grace, at)) continue;
      for (const claimant of claimantsAt(ledger, node)) {
        const before = grace.steps[at - 1];
        const inheritedNow = claimant !== node && before !== undefined && !serves(before, node, claimant);
        const barrier = inheritedNow ? undefined : grace.barriers.find(({ index }) => index === step.index);
        const from = barrier?.earliest ?? step.earliest;
        permits.push({ grace, claimant, from, until: permitEnd(grace, at, node, claimant) });
      }
    }
  }
  return permits;
}

/**
 * The first that is seen of the grace is that this node has finished: how it began, and whose claims it closed with that, nobody could say. They were
 * open past the barrier until then.
 */
function beforeFirstSeen(grace: Grace, node: string): Permit[] {
  const { event, latest } = grace.steps[0]!;
  if (event.command !== 'finish' || event.node !== node) return [];
  return Object.entries(event.ledger.members)
    .filter(([name, member]) => member.claims === 'closed' && (member.addressAt ?? name) === node)
    .map(([claimant]) => ({ grace, claimant, from: grace.start.earliest, until: latest }));
}

/** Those that hold at some moment of the request. */
export const permitsFor = (permits: readonly Permit[], reclaim: Operation): readonly Permit[] =>
  permits.filter(({ from, until }) => reclaim.repliedAt >= from && reclaim.invokedAt <= until);

/**
 * Was the barrier reached after this swap, unseen? The last acknowledgement is not in the history if its node died before it could say so.
 * What follows shows it: the end of the grace, or a swap of the same view that is past the barrier and acknowledges nothing itself. And where
 * everybody whose acknowledgement was still missing died next, nobody can rule it out.
 */
function mayHideBarrier({ steps, lift }: Grace, at: number): boolean {
  const { ledger } = steps[at]!.event;
  const next = steps[at + 1]?.event;
  if (next === undefined) return lift !== null;
  if (next.ledger.view === ledger.view) {
    const teller = next.node === undefined ? undefined : memberNamed(ledger, next.node);
    return atBarrier(next.ledger) && (teller === undefined || teller.acknowledgedView === ledger.view);
  }
  return Object.entries(ledger.members).every(([name, member]) => {
    if (member.state === 'down' || member.acknowledgedView === ledger.view) return true;
    const later = memberNamed(next.ledger, name);
    return later === undefined || later.state !== 'up' || later.incarnation !== member.incarnation;
  });
}

/** Whose clients may reclaim at `node`: of those whose address leads there. A ledger that knows no addresses names heirs. */
export function claimantsAt(ledger: Ledger, node: string): string[] {
  return Object.entries(ledger.members)
    .filter(
      ([name, member]) => member.claims !== 'closed' && (member.addressAt ?? member.heir ?? name) === node,
    )
    .map(([name]) => name);
}

const serves = ({ event }: LedgerStep, node: string, claimant: string): boolean =>
  claimantsAt(event.ledger, node).includes(claimant);

function permitEnd(grace: Grace, from: number, node: string, claimant: string): number {
  for (const step of grace.steps.slice(from + 1)) {
    const { ledger } = step.event;
    if (!serves(step, node, claimant)) return step.latest;
    const mustKnow = step.event.node === node || memberNamed(ledger, node)?.state === 'down';
    if (!atBarrier(ledger) && mustKnow) return step.latest;
  }
  return grace.lift?.latest ?? Number.POSITIVE_INFINITY;
}
