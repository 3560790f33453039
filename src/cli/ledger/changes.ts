/** What has changed between two ledgers, in words. */
import type { NodeId } from '../../core/ids.ts';
import { inGrace, type Ledger, type Member, memberOf, nodesOf } from '../../core/ledger.ts';

export function changesBetween(before: Ledger, after: Ledger): string[] {
  const nodes = [...new Set([...nodesOf(before), ...nodesOf(after)])].sort();
  return [
    ...phaseChanges(before, after),
    ...nodes.flatMap((node) => memberChanges(before, after, node)),
    ...(before.view === after.view ? [] : [`The view is ${after.view}, not ${before.view}.`]),
  ];
}

function phaseChanges(before: Ledger, after: Ledger): string[] {
  if (before.recoveryEpoch === after.recoveryEpoch) return [];
  if (!inGrace(after)) return ['Grace has ended.'];
  return [inGrace(before) ? 'Grace has ended, and another one has begun.' : 'Grace has begun.'];
}

function memberChanges(before: Ledger, after: Ledger, node: NodeId): string[] {
  const [was, is] = [memberOf(before, node), memberOf(after, node)];
  if (was === undefined) return [`${node} is a member now.`];
  if (is === undefined) return [`${node} is no member any more.`];
  const sentences: string[] = [];
  if (was.incarnation !== is.incarnation) sentences.push(`${node} has begun life ${is.incarnation}.`);
  if (was.state !== is.state) sentences.push(`${node} is ${is.state}, not ${was.state}.`);
  if (has(after, is) && !has(before, was)) sentences.push(`${node} has acknowledged view ${after.view}.`);
  if (was.claims !== is.claims)
    sentences.push(
      is.claims === 'open'
        ? `Clients of ${node} may reclaim.`
        : `No client of ${node} is waited for any more.`,
    );
  if (was.heir !== is.heir && is.heir !== null)
    sentences.push(`${is.heir} has taken the clients of ${node} over.`);
  if (was.addressAt !== is.addressAt)
    sentences.push(`The clients of ${node} are served by ${is.addressAt ?? node}.`);
  if (is.movingTo !== null && was.movingTo !== is.movingTo)
    sentences.push(`The clients of ${node} are about to be served by ${is.movingTo}.`);
  if (was.leaving !== is.leaving && is.leaving) sentences.push(`${node} is leaving as planned.`);
  return sentences;
}

const has = (ledger: Ledger, { acknowledgedView, state }: Member): boolean =>
  inGrace(ledger) && state !== 'down' && acknowledgedView === ledger.view;
