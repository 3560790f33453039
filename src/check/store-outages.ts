import type { Stretch } from './contacts.ts';
import type { CheckContext } from './context.ts';

/** A node says that its ledger or record store does not answer. */
export interface Outage extends Stretch {
  readonly node: string;
  /** false: the node's life, or the run, ended before it had its store again. */
  readonly over: boolean;
}

/** Every outage of every node. Nobody but the node can tell. */
export function outagesOf(context: CheckContext): readonly Outage[] {
  return context.once('store-outages', () => findOutages(context));
}

function findOutages(context: CheckContext): Outage[] {
  const outages: Outage[] = [];
  const since = new Map<string, number>();
  const ended = (node: string, to: number, over: boolean) => {
    const from = since.get(node);
    if (from === undefined) return;
    outages.push({ node, from, to, over });
    since.delete(node);
  };
  for (const [, event] of context.milestones) {
    if (event.kind !== 'node') continue;
    if (event.event === 'store-unavailable' && !since.has(event.node)) since.set(event.node, event.t);
    if (event.event === 'store-back') ended(event.node, event.t, true);
    if (ENDS_LIFE.has(event.event)) ended(event.node, event.t, false);
  }
  for (const node of [...since.keys()]) ended(node, context.endsAt, false);
  return outages;
}

/** `boot`: whatever ended the life before, it is over. */
const ENDS_LIFE: ReadonlySet<string> = new Set(['gave-up', 'fenced', 'exited', 'stopping', 'boot']);
