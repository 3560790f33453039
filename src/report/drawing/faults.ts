import type { CheckContext } from '../../check/context.ts';
import { endsLife } from '../../check/node-lives.ts';
import type { FaultEvent } from '../../history/events.ts';
import { us } from './names.ts';

/** A fault, from before its first act to after its last repair. */
export interface FaultBand {
  readonly from: number;
  readonly to: number;
  readonly fault: string;
  readonly targets: readonly string[];
  /** It ended the life of its targets. */
  readonly deadly: boolean;
  /** It was never mended in this run. */
  readonly open: boolean;
  readonly detail?: string;
}

export function faultBands(context: CheckContext): FaultBand[] {
  const bands: FaultBand[] = [];
  const open = new Map<string, FaultEvent[]>();
  const close = (begin: FaultEvent, end: FaultEvent | undefined) =>
    bands.push({
      from: us(begin.t),
      to: us(end?.t ?? context.endsAt),
      fault: begin.fault,
      targets: begin.targets,
      deadly: endsLife(begin),
      open: end === undefined,
      ...(begin.detail === undefined ? {} : { detail: begin.detail }),
    });
  for (const [, event] of context.milestones) {
    if (event.kind !== 'fault') continue;
    const key = `${event.fault} ${event.targets.join()}`;
    const waiting = open.get(key) ?? [];
    open.set(key, waiting);
    if (event.phase === 'begin') waiting.push(event);
    else {
      const begin = waiting.shift();
      if (begin !== undefined) close(begin, event);
    }
  }
  for (const waiting of open.values()) for (const begin of waiting) close(begin, undefined);
  return bands.sort((a, b) => a.from - b.from);
}
