import type { CheckContext } from './context.ts';
import { type Bracket, type Grace, memberNamed } from './graces.ts';
import { isNewState } from './operations.ts';
import type { CheckResult } from './verdict.ts';
import { atTime, evidence, Findings, grantWords, knowledgeWords } from './words.ts';

/** When a node must refuse new state in one grace: after `from.latest`, before `until`. */
interface Enforcement {
  readonly grace: Grace;
  readonly from: Bracket;
  readonly because: string;
  readonly until: number;
}

/**
 * I3: while any node may still grant a reclaim, no node grants new state.
 *
 * A node is bound from its own first acknowledgement in a grace, which promises that it has stopped
 * (docs/protocol.md), or from the grace's first barrier, whichever the history shows earlier, until the lift. The
 * window is taken at its smallest: from the latest possible moment of the beginning to the earliest
 * possible moment of the lift. Only a request that was asked and answered within it counts, so the
 * grant certainly fell into it.
 */
export function graceEnforcement(context: CheckContext): CheckResult {
  const findings = new Findings('grace-enforcement');
  const windows = new Map<string, Enforcement[]>();
  for (const operation of context.operations.all) {
    if (!isNewState(operation) || (operation.outcome !== 'ok' && operation.outcome !== 'fail')) continue;
    let ofNode = windows.get(operation.node);
    if (ofNode === undefined) {
      ofNode = context.graces.flatMap((grace) => enforcement(grace, operation.node) ?? []);
      windows.set(operation.node, ofNode);
    }
    const window = ofNode.find(
      ({ from, until }) => operation.invokedAt > from.latest && operation.repliedAt < until,
    );
    if (window === undefined) continue;
    findings.judged += 1;
    if (operation.outcome === 'ok') {
      findings.violation(() =>
        evidence(
          context.history,
          `New state in grace: ${grantWords(operation)}, but ${window.because} by ${atTime(window.from.latest)} and grace was not lifted before ${window.until === Number.POSITIVE_INFINITY ? 'the end of the run' : atTime(window.until)}. ${knowledgeWords(context.history, operation.node, operation.repliedAt)}.`,
          [window.from.index, operation.invokeIndex, operation.replyIndex, window.grace.lift?.index ?? -1],
        ),
      );
    }
  }
  return findings.result('Nobody asked for a new lock or open between a barrier and its lift.');
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
