import type { CheckContext } from '../../check/context.ts';
import type { DomainPart } from '../../check/domains.ts';
import { PHASE_AFTER } from '../../check/moment.ts';
import { deathAfter, endsLife, LAST_WORDS } from '../../check/node-lives.ts';
import { outagesOf } from '../../check/store-outages.ts';
import { eventWords } from '../../check/words.ts';
import { OPERATOR } from '../../history/events.ts';
import { type Names, us } from './names.ts';

/** `[from, to, text]`, the text by its number. */
export type Stretch = readonly [number, number, number];
/** `[when, text]`. */
export type Mark = readonly [number, number];

export interface NodeLane {
  readonly name: string;
  /** `[from, to, incarnation]`; incarnation 0: a life that began before the run. */
  readonly lives: readonly (readonly [number, number, number])[];
  /** By its own account: refusing new state before it had seen the barrier, and from there to the lift. */
  readonly enforcing: readonly Stretch[];
  readonly reclaiming: readonly Stretch[];
  /** Without its ledger or records. */
  readonly outages: readonly Stretch[];
  /** Others had its life ended. */
  readonly fencing: readonly Stretch[];
  /** Its swaps of a ledger, and its writes of client records. */
  readonly swaps: readonly Mark[];
  readonly records: readonly Mark[];
  readonly takeovers: readonly Mark[];
  readonly news: readonly Mark[];
}

export function nodeLanes(context: CheckContext, parts: readonly DomainPart[], texts: Names): NodeLane[] {
  const names = new Set<string>();
  for (const [, event] of context.milestones) {
    if (event.kind === 'run') for (const node of event.cluster?.nodes ?? []) names.add(node);
    if (event.kind === 'node' || event.kind === 'ledger') names.add(event.node);
  }
  const marks = marksOf(context, texts);
  const outages = outagesOf(context);
  return [...names].sort(byNumber).map((name) => ({
    name,
    lives: name === OPERATOR ? [] : livesOf(contextOf(name, parts) ?? context, name),
    ...phasesOf(context, name, texts),
    outages: outages
      .filter(({ node }) => node === name)
      .map(({ from, to, over }) => [
        us(from),
        us(to),
        texts.of(`${name} had no store${over ? '' : ', and did not get it back'}`),
      ]),
    fencing: fencingOf(context, name, texts),
    ...(marks.get(name) ?? NO_MARKS),
  }));
}

/** n2 before n10. */
export const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The domain whose lives of the node are drawn: the first that it serves. In each of them it has another incarnation. */
const contextOf = (node: string, parts: readonly DomainPart[]): CheckContext | undefined =>
  parts.find(({ name, context }) => name !== null && context.cluster.nodes.includes(node))?.context;

function livesOf(context: CheckContext, node: string): [number, number, number][] {
  const lives = context.lives(node);
  const { boots, bootedBefore } = lives;
  const starts = boots.map(({ incarnation, latest }) => ({ incarnation, from: latest }));
  if (bootedBefore || starts.length === 0) starts.unshift({ incarnation: 0, from: 0 });
  return starts.map(({ incarnation, from }, at) => {
    const next = starts[at + 1]?.from ?? context.endsAt;
    const death = deathAfter(lives, from)?.latest ?? next;
    return [us(from), us(Math.min(next, death)), incarnation];
  });
}

/** What the node says of each grace; of several domains the stretches of all of them. */
function phasesOf(
  context: CheckContext,
  node: string,
  texts: Names,
): Pick<NodeLane, 'enforcing' | 'reclaiming'> {
  const phases = { enforcing: [] as Stretch[], reclaiming: [] as Stretch[] };
  const current = new Map<
    string,
    { readonly phase: keyof typeof phases; readonly since: number; view: number }
  >();
  const turn = (domain: string, t: number, to: keyof typeof phases | null, view: number) => {
    const before = current.get(domain);
    if (before !== undefined && before.phase === to) return;
    if (before !== undefined) {
      const of = domain === '' ? '' : ` of domain ${domain}`;
      const what =
        before.phase === 'enforcing' ? 'refused new state, before the barrier' : 'past the barrier';
      const text = `${node} in the grace${of}: ${what} (view ${before.view})`;
      phases[before.phase].push([us(before.since), us(t), texts.of(text)]);
      current.delete(domain);
    }
    if (to !== null) current.set(domain, { phase: to, since: t, view });
  };
  const over = (t: number) => {
    for (const domain of [...current.keys()]) turn(domain, t, null, 0);
  };
  for (const [, event] of context.milestones) {
    if (event.kind === 'fault' && event.phase === 'begin' && event.targets.includes(node) && endsLife(event))
      over(event.t);
    if (event.kind !== 'node' || event.node !== node) continue;
    const to = PHASE_AFTER[event.event];
    if (to !== undefined) turn(event.domain ?? '', event.t, to === 'no-grace' ? null : to, event.view ?? 0);
    if (LAST_WORDS[event.event] !== undefined) over(event.t);
  }
  over(context.endsAt);
  return phases;
}

/** When others had this node fenced, each from its word that it does to its word of how that ended. */
function fencingOf(context: CheckContext, node: string, texts: Names): Stretch[] {
  const stretches: Stretch[] = [];
  const begun = new Map<string, number>();
  const ended = (by: string, to: number, how: string) => {
    const from = begun.get(by);
    if (from === undefined) return;
    begun.delete(by);
    stretches.push([us(from), us(to), texts.of(`${by} has ${node} fenced: ${how}`)]);
  };
  for (const [, event] of context.milestones) {
    if (event.kind !== 'node' || event.peer !== node) continue;
    if (event.event === 'fencing' && !begun.has(event.node)) begun.set(event.node, event.t);
    if (event.event === 'fenced-peer') ended(event.node, event.t, 'that life is over');
    if (event.event === 'fence-failed') ended(event.node, event.t, event.detail ?? 'it failed');
  }
  for (const by of [...begun.keys()]) ended(by, context.endsAt, 'no answer');
  return stretches;
}

type Marks = Pick<NodeLane, 'swaps' | 'records' | 'takeovers' | 'news'>;
type MutableMarks = { [Kind in keyof Marks]: Mark[] };
const NO_MARKS: Marks = { swaps: [], records: [], takeovers: [], news: [] };

const TAKEOVERS: ReadonlySet<string> = new Set([
  'inherited',
  'handed-over',
  'address-taken',
  'address-dropped',
]);
const RECORDS: ReadonlySet<string> = new Set(['record-durable', 'record-removed', 'records-loaded']);
/** What a node says of requests is no milestone: they are drawn from what clients saw of them. */
function marksOf(context: CheckContext, texts: Names): ReadonlyMap<string, Marks> {
  const marks = new Map<string, MutableMarks>();
  for (const [, event] of context.milestones) {
    if (event.kind !== 'node' && event.kind !== 'ledger') continue;
    const own = marks.get(event.node) ?? { swaps: [], records: [], takeovers: [], news: [] };
    marks.set(event.node, own);
    const mark: Mark = [us(event.t), texts.of(eventWords(event))];
    if (event.kind === 'ledger') own.swaps.push(mark);
    else if (RECORDS.has(event.event)) own.records.push(mark);
    else if (TAKEOVERS.has(event.event) && event.peer !== event.node) own.takeovers.push(mark);
    else own.news.push(mark);
  }
  return marks;
}
