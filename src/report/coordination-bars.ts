import type { CheckContext } from '../check/context.ts';
import { outagesOf } from '../check/store-outages.ts';
import type { Bar } from './drawing.ts';

/** Nanoseconds of the history as milliseconds of the page, to a thousandth. */
export const ms = (ns: number): number => Math.round(ns / 1e3) / 1e3;

/** The graces of one lock domain: up to the first barrier, and from there to the lift. */
export function graceBars(context: CheckContext): Bar[] {
  return context.graces.flatMap(({ recoveryEpoch, start, barriers, lift }) => {
    const from = Math.max(0, start.earliest);
    const to = lift?.latest ?? context.endsAt;
    const barrier = barriers[0]?.latest ?? to;
    const text = `clients on record in epoch ${recoveryEpoch} may reclaim`;
    const before = stretch('grace', from, barrier, 0, 'grace', `grace up to the barrier: ${text}`);
    if (barriers.length === 0) return [before];
    return [before, stretch('reclaiming', barrier, to, 0, 'reclaiming', `barrier to lift: ${text}`)];
  });
}

/** When a node was without its store. */
export function outageBars(context: CheckContext, node: string): Bar[] {
  return outagesOf(context)
    .filter((outage) => outage.node === node)
    .map(({ from, to, over }) =>
      stretch(
        'outage',
        from,
        to,
        1,
        'no store',
        `${node} had no store${over ? '' : ', and did not get it back'}`,
      ),
    );
}

/** When others had this node fenced, each from its word that it does to its word of how that ended. */
export function fencingBars(context: CheckContext, node: string): Bar[] {
  const bars: Bar[] = [];
  const begun = new Map<string, number>();
  const ended = (by: string, to: number, how: string) => {
    const from = begun.get(by);
    if (from === undefined) return;
    begun.delete(by);
    bars.push(stretch('fencing', from, to, 1, 'being fenced', `${by} has ${node} fenced: ${how}`));
  };
  for (const event of context.history) {
    if (event.kind !== 'node' || event.peer !== node) continue;
    if (event.event === 'fencing' && !begun.has(event.node)) begun.set(event.node, event.t);
    if (event.event === 'fenced-peer') ended(event.node, event.t, 'that life is over');
    if (event.event === 'fence-failed') ended(event.node, event.t, event.detail ?? 'it failed');
  }
  for (const by of [...begun.keys()]) ended(by, context.endsAt, 'no answer');
  return bars;
}

function stretch(kind: Bar['kind'], from: number, to: number, row: number, label: string, text: string): Bar {
  return { kind, fromMs: ms(from), toMs: ms(to), provenMs: ms(from), row, label, text };
}
