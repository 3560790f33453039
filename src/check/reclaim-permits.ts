import type { Ledger } from '../core/ledger.ts';
import { atBarrier, type Grace, type LedgerStep, memberNamed } from './graces.ts';

/** A stretch in which a node may have granted reclaims, taken at its widest. */
export interface Permit {
  readonly grace: Grace;
  readonly from: number;
  readonly until: number;
}

/**
 * When could `node` rightly grant a reclaim? From the barrier of a view in which claims that it serves
 * are open, to the moment at which it must know better: its own next swap that changes that (its
 * acknowledgement of a later view, its finish), or the end of the grace. A view that another node made
 * does not end the permit by itself: until the node has acknowledged it, it may not have heard of it, and
 * what it does on the older view is safe since all who acknowledged that one still refuse new state.
 */
export function permitsOf(graces: readonly Grace[], node: string): Permit[] {
  const permits: Permit[] = [];
  for (const grace of graces) {
    for (const [at, step] of grace.steps.entries()) {
      const { ledger } = step.event;
      if (claimantsAt(ledger, node).length === 0) continue;
      if (!atBarrier(ledger) && !mayHideBarrier(step, grace.steps[at + 1])) continue;
      const barrier = grace.barriers.find(({ index }) => index === step.index);
      permits.push({ grace, from: barrier?.earliest ?? step.earliest, until: permitEnd(grace, at, node) });
    }
  }
  return permits;
}

/**
 * Everybody whose acknowledgement was still missing died next. The last of them may have acknowledged and
 * died before it could say so here, so that the barrier was reached and the history does not show it.
 */
function mayHideBarrier(step: LedgerStep, next: LedgerStep | undefined): boolean {
  const { ledger } = step.event;
  if (next === undefined || next.event.ledger.view === ledger.view) return false;
  return Object.entries(ledger.members).every(([name, member]) => {
    if (member.state === 'down' || member.acknowledgedView === ledger.view) return true;
    const later = memberNamed(next.event.ledger, name);
    return later === undefined || later.state !== 'up' || later.incarnation !== member.incarnation;
  });
}

/** Whose clients may reclaim at `node`: its own, where no heir has them, and those that it is the heir of. */
export function claimantsAt(ledger: Ledger, node: string): string[] {
  return Object.entries(ledger.members)
    .filter(([name, member]) => member.claims !== 'closed' && (member.heir ?? name) === node)
    .map(([name]) => name);
}

function permitEnd(grace: Grace, from: number, node: string): number {
  for (const step of grace.steps.slice(from + 1)) {
    const { ledger } = step.event;
    const mayStill = atBarrier(ledger) && claimantsAt(ledger, node).length > 0;
    const mustKnow = step.event.node === node || memberNamed(ledger, node)?.state === 'down';
    if (!mayStill && (mustKnow || claimantsAt(ledger, node).length === 0)) return step.latest;
  }
  return grace.lift?.latest ?? Number.POSITIVE_INFINITY;
}
