import type { Stretch } from './contacts.ts';
import type { CheckContext } from './context.ts';

interface Turn {
  readonly t: number;
  readonly node: string;
  readonly up: boolean;
}

/**
 * When no member was alive at all: nobody could acknowledge, finish or lift anything then. From the last one's death to the next
 * boot, which the ledger tells.
 */
export function wholeOutages(context: CheckContext): readonly Stretch[] {
  return context.once('whole-outages', () => stretchesOf(context));
}

function stretchesOf(context: CheckContext): Stretch[] {
  const nodes = everyMember(context);
  const alive = new Set([...nodes].filter((node) => context.lives(node).bootedBefore));
  const stretches: Stretch[] = [];
  let from: number | null = null;
  for (const { t, node, up } of turnsOf(context, nodes)) {
    const before = alive.size;
    if (up) alive.add(node);
    else alive.delete(node);
    if (before > 0 && alive.size === 0) from = t;
    if (from !== null && alive.size > 0) {
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
      ...boots.map(({ latest }) => ({ t: latest, node, up: true })),
      // That a new life began says that the old one was over, and nothing about this one.
      ...deaths
        .filter(({ what }) => what !== 'a new incarnation')
        .map(({ latest }) => ({ t: latest, node, up: false })),
    ];
  });
  return turns.sort((a, b) => a.t - b.t);
}
