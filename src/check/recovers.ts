import type { CheckContext } from './context.ts';
import { memberNamed } from './graces.ts';
import { endsLife } from './node-lives.ts';
import { isNewState } from './operations.ts';
import type { Judged } from './verdict.ts';
import { atTime, evidence, Findings } from './words.ts';

/**
 * The cluster gets over it: after the last fault every node that is up grants a new lock again, and
 * every client that began a recovery ended it, at its own node or at the one that answers in its place.
 */
export function recovers(context: CheckContext): Judged {
  const findings = new Findings('recovers');
  const calmFrom = lastFault(context);
  if (calmFrom === null) return findings.result('Nothing was broken, so nothing had to recover.');
  const { down, away } = nodesAtEnd(context);
  for (const node of judgedNodes(context)) {
    if (!down.has(node)) judgeNode(context, findings, node, calmFrom, away.has(node));
  }
  judgeClients(context, findings, down);
  return findings.result('Nobody asked for a lock after the last fault.');
}

/** When the last fault was mended, or began where it was never mended; null without faults. */
function lastFault(context: CheckContext): number | null {
  let last: number | null = null;
  for (const [, event] of context.milestones) if (event.kind === 'fault') last = event.t;
  return last;
}

/** Those that the run began with, and those that were admitted since. */
function judgedNodes(context: CheckContext): ReadonlySet<string> {
  const ledger = context.steps.at(-1)?.event.ledger;
  return new Set([...context.cluster.nodes, ...Object.keys(ledger?.members ?? {})]);
}

interface NodesAtEnd {
  /** Nobody answers at their addresses. */
  readonly down: ReadonlySet<string>;
  /** Another node answers at their address, be they up or down. */
  readonly away: ReadonlySet<string>;
}

/** By the ledger's last word; without a ledger, by a deadly fault that never ended. */
function nodesAtEnd(context: CheckContext): NodesAtEnd {
  const ledger = context.steps.at(-1)?.event.ledger;
  const down = new Set<string>();
  const away = new Set<string>();
  if (ledger !== undefined) {
    for (const node of judgedNodes(context)) {
      const carrier = memberNamed(ledger, node)?.addressAt ?? node;
      if (memberNamed(ledger, carrier)?.state !== 'up') down.add(node);
      else if (carrier !== node) away.add(node);
    }
    return { down, away };
  }
  for (const [, event] of context.milestones) {
    if (event.kind !== 'fault' || !endsLife(event)) continue;
    for (const target of event.targets) {
      if (event.phase === 'begin') down.add(target);
      else down.delete(target);
    }
  }
  return { down, away };
}

/** @param away its heir answers for it, whom its clients may or may not have asked for something new */
function judgeNode(
  context: CheckContext,
  findings: Findings,
  node: string,
  calmFrom: number,
  away: boolean,
): void {
  const asked = context.operations.all.filter(
    (operation) =>
      operation.node === node &&
      operation.op === 'lock' &&
      isNewState(operation) &&
      operation.invokedAt >= calmFrom,
  );
  if (asked.some(({ outcome }) => outcome === 'ok')) {
    findings.judged += 1;
    return;
  }
  const last = asked.at(-1);
  const patience = context.longestGraceNs;
  if (last !== undefined && last.invokedAt - calmFrom > patience && last.status === 'GRACE') {
    findings.judged += 1;
    findings.violation(() =>
      evidence(
        context.history,
        `${node} never granted a new lock again: the last fault was over at ${atTime(calmFrom)}, and at ${atTime(last.invokedAt)} it still answered GRACE.`,
        [last.invokeIndex, last.replyIndex],
        last.repliedAt,
      ),
    );
    return;
  }
  if (away) return;
  findings.doubt(() => ({
    sentence:
      last === undefined
        ? `Nobody asked ${node} for a new lock after the last fault (${atTime(calmFrom)}).`
        : `${node} granted no new lock after the last fault (${atTime(calmFrom)}), but was not asked for long enough to say that it never will.`,
    events: [],
  }));
}

function judgeClients(context: CheckContext, findings: Findings, down: ReadonlySet<string>): void {
  const open = new Map<string, { readonly index: number; readonly t: number; readonly node: string }>();
  for (const [index, event] of context.milestones) {
    if (event.kind !== 'client') continue;
    const { client, node, t } = event;
    // A client that changes its node begins anew there; it is at it since it first began.
    if (event.event === 'recovery-begin') open.set(client, { index, t, ...open.get(client), node });
    if (event.event === 'recovery-end' && open.delete(client)) findings.judged += 1;
    if (event.event === 'started' || event.event === 'stopped') open.delete(client);
  }
  const patience = 2 * context.longestGraceNs;
  for (const [client, { index, t, node }] of open) {
    if (down.has(node)) continue; // nobody to recover with
    const waited = context.endsAt - t;
    const sentence = `${client} began to recover at ${atTime(t)} at ${node} and had not ended at the end of the run (${atTime(context.endsAt)}).`;
    if (waited > patience) {
      findings.judged += 1;
      findings.violation(() => evidence(context.history, sentence, [index], context.endsAt));
    } else {
      findings.doubt(() => evidence(context.history, sentence, [index]));
    }
  }
}
