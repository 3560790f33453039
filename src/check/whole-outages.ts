import type { Stretch } from './contacts.ts';
import type { CheckContext } from './context.ts';

interface Turn {
  readonly t: number;
  readonly node: string;
  readonly what: 'lives' | 'dies' | 'stops' | 'goes on';
}

/** A process that stands still (SIGSTOP). */
const STOPS: ReadonlySet<string> = new Set(['pause', 'stall']);

/**
 * When no member was alive at all, or each that was stood still: nobody could acknowledge, finish or lift anything then. From the last
 * one's death or stop to the next boot, which the ledger tells, or until one goes on.
 */
export function wholeOutages(context: CheckContext): readonly Stretch[] {
  return context.once('whole-outages', () => stretchesOf(context));
}

function stretchesOf(context: CheckContext): Stretch[] {
  const nodes = everyMember(context);
  const alive = new Set([...nodes].filter((node) => context.lives(node).bootedBefore));
  const stopped = new Set<string>();
  const stretches: Stretch[] = [];
  const acting = () => [...alive].filter((node) => !stopped.has(node)).length;
  let from: number | null = null;
  for (const { t, node, what } of turnsOf(context, nodes)) {
    const before = acting();
    if (what === 'lives') alive.add(node);
    if (what === 'dies') alive.delete(node);
    // A new life runs, whatever held the one before.
    if (what === 'stops') stopped.add(node);
    else if (what !== 'dies') stopped.delete(node);
    const after = acting();
    if (before > 0 && after === 0) from = t;
    if (from !== null && after > 0) {
      stretches.push({ from, to: t });
      from = null;
    }
  }
  if (from !== null) stretches.push({ from, to: context.endsAt });
  return stretches;
}

function everyMember(context: CheckContext): ReadonlySet<string> {
  const members = Object.keys(context.steps.at(-1)?.event.ledger.members ?? {});
  return new Set([...context.cluster.nodes, ...members]);
}

function turnsOf(context: CheckContext, nodes: ReadonlySet<string>): Turn[] {
  const turns = [...nodes].flatMap((node): Turn[] => {
    const { boots, deaths } = context.lives(node);
    return [
      ...boots.map(({ latest }): Turn => ({ t: latest, node, what: 'lives' })),
      // That a new life began says that the old one was over, and nothing about this one.
      ...deaths
        .filter(({ what }) => what !== 'a new incarnation')
        .map(({ latest }): Turn => ({ t: latest, node, what: 'dies' })),
      ...context.faults
        .filter(({ fault, targets }) => STOPS.has(fault) && targets.includes(node))
        .map(({ t, phase }): Turn => ({ t, node, what: phase === 'begin' ? 'stops' : 'goes on' })),
    ];
  });
  return turns.sort((a, b) => a.t - b.t);
}
