import type { History, HistoryEvent } from '../history/events.ts';

/** An event with its place in the history. */
export type Milestone = readonly [index: number, event: HistoryEvent];

const ROUTINE_OF_NODES: ReadonlySet<string> = new Set(['grant', 'refuse', 'release']);

/**
 * All but requests, grants, refusals and renewals: few, however long the run is. What looks for anything else looks here.
 */
export function milestonesOf(history: History): Milestone[] {
  const found: Milestone[] = [];
  for (let index = 0; index < history.length; index += 1) {
    const event = history[index]!;
    if (!isRoutine(event)) found.push([index, event]);
  }
  return found;
}

function isRoutine(event: HistoryEvent): boolean {
  if (event.kind === 'node') return ROUTINE_OF_NODES.has(event.event);
  return event.kind === 'op' || (event.kind === 'client' && event.event === 'renewed');
}
