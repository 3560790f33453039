import type { NodeEvent } from '../history/events.ts';
import { type Incomplete, incompleteAt, incompleteStretches } from './completions.ts';
import type { CheckContext } from './context.ts';
import { type Bracket, type Grace, memberNamed } from './graces.ts';
import type { Boot } from './node-lives.ts';
import { isNewState, type Operation } from './operations.ts';
import type { Judged } from './verdict.ts';
import { atTime, evidence, Findings, grantWords, knowledgeWords } from './words.ts';

/** When a node must refuse new state in one grace: after `from.latest`, before `until`. */
export interface Enforcement {
  readonly grace: Grace;
  readonly from: Bracket;
  readonly because: string;
  readonly until: number;
}

/**
 * I3: while any node may still grant a reclaim, no node grants new state.
 *
 * A node is bound from its own first acknowledgement in a grace, which promises that it has stopped
 * (docs/protocol.md; a boot is one: that life has not granted anything), or from the grace's first barrier, whichever the history shows earlier, until the lift. The
 * window is taken at its smallest: from the latest possible moment of the beginning to the earliest
 * possible moment of the lift. Only a request that was asked and answered within it counts, so the
 * grant certainly fell into it.
 *
 * For each client the same holds until its own RECLAIM_COMPLETE, in grace or not, even with nothing to reclaim (row 6): the server
 * cannot know before that what the client still has to come for.
 *
 * A boot is an acknowledgement only because the node's earlier life is over (C14). One that still speaks after it may still grant, and
 * nobody waits for it.
 */
export function graceEnforcement(context: CheckContext): Judged {
  const findings = new Findings('grace-enforcement');
  const windowOf = enforcements(context);
  const incomplete = incompleteStretches(context);
  for (const operation of context.operations.all) {
    if (!isNewState(operation) || (operation.outcome !== 'ok' && operation.outcome !== 'fail')) continue;
    const servers = context.servers(operation);
    const windows = servers.flatMap((node) => windowOf(node, operation) ?? []);
    const window = windows[0];
    const stretch = incompleteAt(incomplete, operation);
    // Where several may have answered, all of them must have been bound.
    const bound = window !== undefined && windows.length >= servers.length;
    if (!bound && stretch === undefined) continue;
    findings.judged += 1;
    if (operation.outcome === 'fail') continue;
    if (bound) findings.violation(() => grantedInGrace(context, operation, window));
    else if (stretch !== undefined) findings.violation(() => grantedTooSoon(context, operation, stretch));
  }
  for (const { boot, index, event } of outlived(context)) {
    findings.judged += 1;
    findings.violation(() =>
      evidence(
        context.history,
        `Two lives of ${event.node} at once: incarnation ${boot.incarnation} booted (asked at ${atTime(boot.earliest)}), and incarnation ${event.incarnation} still spoke at ${atTime(event.t)} (${event.event}).`,
        [boot.index, index],
        event.t,
      ),
    );
  }
  return findings.result(
    'Nobody asked for a new lock or open between a barrier and its lift, or before its own RECLAIM_COMPLETE.',
  );
}

function grantedInGrace(
  context: CheckContext,
  operation: Operation,
  { from, because, until, grace }: Enforcement,
) {
  const lift = until === Number.POSITIVE_INFINITY ? 'the end of the run' : atTime(until);
  return evidence(
    context.history,
    `New state in grace: ${grantWords(operation)}, but ${because} by ${atTime(from.latest)} and grace was not lifted before ${lift}. ${knowledgeWords(context.history, context.servers(operation)[0]!, operation.repliedAt)}.`,
    [from.index, operation.invokeIndex, operation.replyIndex, grace.lift?.index ?? -1],
    operation.repliedAt,
  );
}

/** Row 6, D17. */
function grantedTooSoon(context: CheckContext, operation: Operation, { from, until, ...events }: Incomplete) {
  return evidence(
    context.history,
    `New state before RECLAIM_COMPLETE: ${grantWords(operation)}, but ${operation.client} stood anew before that server from ${atTime(from)} on and did not say that it was through with its reclaims before ${atTime(until)}.`,
    [events.fromIndex, operation.invokeIndex, operation.replyIndex, events.completedIndex],
    operation.repliedAt,
  );
}

/** What lives of nodes said of themselves after a later one of the same node had begun for certain. */
function* outlived(
  context: CheckContext,
): Generator<{ readonly boot: Boot; readonly index: number; readonly event: NodeEvent }> {
  for (const [index, event] of context.milestones) {
    // That it has ended says the lab, when it notices; and at 0 there is no life yet.
    if (event.kind !== 'node' || event.event === 'exited' || event.incarnation === 0) continue;
    const { node, incarnation, t } = event;
    const boot = context
      .lives(node)
      .boots.find((later) => later.incarnation > incarnation && beginningOf(later, node, context) < t);
    if (boot !== undefined) yield { boot, index, event };
  }
}

/** A life asks for its boot when the one before it is over; that others have seen it in the ledger says no more than that it has booted by then. */
function beginningOf({ index, earliest, latest }: Boot, node: string, { history }: CheckContext): number {
  const event = history[index];
  return event?.kind === 'ledger' && event.command === 'boot' && event.node === node ? earliest : latest;
}

/** The enforcement of a node that a request fell into as a whole; undefined: none. */
export function enforcements(
  context: CheckContext,
): (node: string, when: Pick<Operation, 'invokedAt' | 'repliedAt'>) => Enforcement | undefined {
  const byNode = new Map<string, Enforcement[]>();
  return (node, { invokedAt, repliedAt }) => {
    let ofNode = byNode.get(node);
    if (ofNode === undefined) {
      ofNode = context.graces.flatMap((grace) => enforcement(grace, node) ?? []);
      byNode.set(node, ofNode);
    }
    return ofNode.find(({ from, until }) => invokedAt > from.latest && repliedAt < until);
  };
}

function enforcement(grace: Grace, node: string): Enforcement | undefined {
  const until = grace.lift?.earliest ?? Number.POSITIVE_INFINITY;
  const barrier = grace.barriers[0];
  const own = grace.steps.find(
    ({ event }) => memberNamed(event.ledger, node)?.acknowledgedView === event.ledger.view,
  );
  if (own !== undefined && (barrier === undefined || own.latest <= barrier.latest)) {
    const because = `${node} had acknowledged view ${own.event.ledger.view} of this grace`;
    return { grace, from: own, because, until };
  }
  if (barrier === undefined) return undefined;
  return { grace, from: barrier, because: `the barrier of view ${barrier.view} had been reached`, until };
}
