import { CheckContext } from '../check/context.ts';
import { type DomainPart, domainParts } from '../check/domains.ts';
import { endsLife } from '../check/node-lives.ts';
import type { Operation } from '../check/operations.ts';
import type { VerdictDocument } from '../check/verdict.ts';
import { claimWords, eventWords, rangeWords } from '../check/words.ts';
import type { History, HistoryEvent, NodeEvent } from '../history/events.ts';
import { fencingBars, graceBars, ms, outageBars } from './coordination-bars.ts';

/** Everything the page draws, in milliseconds since the run's origin. Plain data: it travels as JSON inside the page. */
export interface Drawing {
  readonly verdict: VerdictDocument;
  readonly endMs: number;
  readonly lanes: readonly Lane[];
  /** From detection to lift; drawn through all lanes. Of several lock domains each has a lane with its own instead. */
  readonly graces: readonly GraceBand[];
  readonly faults: readonly FaultBand[];
  /** What was left out because there was too much of it, in words; empty when all is drawn. */
  readonly leftOut: readonly string[];
}

export interface Lane {
  readonly kind: 'domain' | 'node' | 'client';
  readonly name: string;
  /** Stretches: graces of a domain; lives of a node, and when it was without its store or being fenced; locks of a client. */
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
}

export interface Bar {
  readonly kind: 'grace' | 'reclaiming' | 'life' | 'outage' | 'fencing' | 'lock' | 'reclaimed';
  readonly fromMs: number;
  readonly toMs: number;
  /** Up to here the lock was certainly alive; of no meaning for other bars. */
  readonly provenMs: number;
  /** Which of the lane's rows it lies in, from 0. */
  readonly row: number;
  readonly label: string;
  readonly text: string;
}

export type MarkKind = 'granted' | 'refused' | 'reclaim' | 'told' | 'unknown' | 'takeover' | 'news';

export interface Mark {
  readonly kind: MarkKind;
  readonly ms: number;
  readonly text: string;
}

export interface GraceBand {
  readonly fromMs: number;
  readonly barriersMs: readonly number[];
  readonly liftMs: number | null;
  readonly text: string;
}

export interface FaultBand {
  readonly fromMs: number;
  readonly toMs: number;
  readonly targets: readonly string[];
  readonly deadly: boolean;
  readonly text: string;
}

/** A browser draws this many in one lane and still scrolls. */
const MOST_MARKS = 4000;
const MOST_BARS = 600;
const MOST_ROWS = 8;

/** Makes the drawing of a run. A part that the history is too broken for is left empty; the verdict says why. */
export function drawingOf(history: History, verdict: VerdictDocument): Drawing {
  const parts = attempt(() => domainParts(history)) ?? [];
  const context = parts.length === 1 ? parts[0]!.context : new CheckContext(history);
  const leftOut: string[] = [];
  const lanes = [...domainLanes(parts), ...nodeLanes(context, parts), ...clientLanes(context)].map((lane) =>
    capped(lane, leftOut),
  );
  return {
    verdict,
    endMs: ms(context.endsAt),
    lanes,
    graces: parts.length === 1 ? graceBands(context) : [],
    faults: faultBands(context),
    leftOut,
  };
}

/** Where one band through all lanes would not say whose grace it is. */
function domainLanes(parts: readonly DomainPart[]): Lane[] {
  return parts.flatMap(({ name, context }) =>
    name === null ? [] : [{ kind: 'domain', name, bars: graceBars(context), marks: [] }],
  );
}

function nodeLanes(context: CheckContext, parts: readonly DomainPart[]): Lane[] {
  const names = new Set<string>();
  for (const event of context.history) {
    if (event.kind === 'run') for (const node of event.cluster?.nodes ?? []) names.add(node);
    if (event.kind === 'node' || event.kind === 'ledger') names.add(event.node);
  }
  return [...names].sort().map((name) => ({
    kind: 'node',
    name,
    bars: [
      ...lifeBars(contextOf(name, parts) ?? context, name),
      ...outageBars(context, name),
      ...fencingBars(context, name),
    ],
    marks: context.history.flatMap((event) => nodeMark(event, name)),
  }));
}

/** The domain whose lives of the node are drawn: the first that it serves. In each of them it has another incarnation. */
const contextOf = (node: string, parts: readonly DomainPart[]): CheckContext | undefined =>
  parts.find(({ name, context }) => name !== null && context.cluster.nodes.includes(node))?.context;

const TAKEOVERS: ReadonlySet<NodeEvent['event']> = new Set(['inherited', 'address-taken', 'address-dropped']);

function nodeMark(event: HistoryEvent, name: string): Mark[] {
  if ((event.kind !== 'node' && event.kind !== 'ledger') || event.node !== name) return [];
  if (event.kind === 'node' && (event.event === 'grant' || event.event === 'refuse')) return [];
  const takeover =
    event.kind === 'node' ? TAKEOVERS.has(event.event) && event.peer !== name : event.command === 'inherit';
  return [{ kind: takeover ? 'takeover' : 'news', ms: ms(event.t), text: eventWords(event) }];
}

function lifeBars(context: CheckContext, node: string): Bar[] {
  const { boots, deaths, bootedBefore } = context.lives(node);
  const starts = boots.map(({ incarnation, latest }) => ({ incarnation, from: latest }));
  if (bootedBefore || starts.length === 0) starts.unshift({ incarnation: 0, from: 0 });
  return starts.map(({ incarnation, from }, at) => {
    const next = starts[at + 1]?.from ?? context.endsAt;
    const to = Math.min(next, deaths.find((death) => death.latest > from)?.latest ?? next);
    const label = incarnation === 0 ? 'earlier life' : `incarnation ${incarnation}`;
    return {
      kind: 'life',
      fromMs: ms(from),
      toMs: ms(to),
      provenMs: ms(to),
      row: 0,
      label,
      text: `${node}, ${label}`,
    };
  });
}

function clientLanes(context: CheckContext): Lane[] {
  const names = new Set<string>();
  for (const event of context.history)
    if (event.kind === 'op' || event.kind === 'client') names.add(event.client);
  const operations = attempt(() => context.operations.all) ?? [];
  return [...names].sort().map((name) => ({
    kind: 'client',
    name,
    bars: lockBars(context, name),
    marks: [
      ...operations
        .filter(({ client }) => client === name)
        .flatMap((operation) => markOf(context.history, operation)),
      ...context.history.flatMap((event) => newsOf(event, name)),
    ].sort((a, b) => a.ms - b.ms),
  }));
}

function lockBars(context: CheckContext, client: string): Bar[] {
  const claims = (attempt(() => context.claims) ?? []).filter((claim) => claim.client === client);
  const rowsEnd: number[] = [];
  return claims
    .toSorted((a, b) => a.heldFrom - b.heldFrom)
    .map((claim) => {
      const until = Math.min(claim.believedUntil, context.endsAt);
      let row = rowsEnd.findIndex((end) => end <= claim.heldFrom);
      if (row === -1) row = Math.min(rowsEnd.length, MOST_ROWS - 1);
      rowsEnd[row] = Math.max(rowsEnd[row] ?? 0, until);
      return {
        kind: claim.grant.reclaim ? 'reclaimed' : 'lock',
        fromMs: ms(claim.heldFrom),
        toMs: ms(until),
        provenMs: ms(Math.min(claim.provenUntil, until)),
        row,
        label: `${claim.mode} ${rangeWords(claim.start, claim.end)} ${claim.file}`,
        text: `${claimWords(claim)}; ${claim.ending}`,
      };
    });
}

/** Locks and opens only: what grace is about. */
function markOf(history: History, operation: Operation): Mark[] {
  if (operation.op !== 'lock' && operation.op !== 'open') return [];
  const event = history[operation.replyIndex] ?? history[operation.invokeIndex]!;
  const kind: MarkKind =
    operation.outcome === 'ok'
      ? operation.reclaim
        ? 'reclaim'
        : 'granted'
      : operation.outcome === 'fail'
        ? 'refused'
        : 'unknown';
  return [{ kind, ms: ms(event.t), text: eventWords(event) }];
}

function newsOf(event: HistoryEvent, client: string): Mark[] {
  if (event.kind !== 'client' || event.client !== client || event.event === 'renewed') return [];
  return [{ kind: event.event === 'lock-lost' ? 'told' : 'news', ms: ms(event.t), text: eventWords(event) }];
}

function graceBands(context: CheckContext): GraceBand[] {
  return context.graces.map(({ recoveryEpoch, start, barriers, lift }) => ({
    fromMs: ms(Math.max(0, start.earliest)),
    barriersMs: barriers.map(({ latest }) => ms(latest)),
    liftMs: lift === null ? null : ms(lift.latest),
    text: `grace: clients on record in epoch ${recoveryEpoch} may reclaim`,
  }));
}

function faultBands(context: CheckContext): FaultBand[] {
  const bands: FaultBand[] = [];
  for (const [index, event] of context.history.entries()) {
    if (event.kind !== 'fault' || event.phase !== 'begin') continue;
    const end = context.history.find(
      (other, at) =>
        at > index &&
        other.kind === 'fault' &&
        other.phase === 'end' &&
        other.fault === event.fault &&
        other.targets.join() === event.targets.join(),
    );
    bands.push({
      fromMs: ms(event.t),
      toMs: ms(end?.t ?? context.endsAt),
      targets: event.targets,
      deadly: endsLife(event),
      text: `${event.fault} of ${event.targets.join(', ')}${end === undefined ? ', never mended' : ''}`,
    });
  }
  return bands;
}

function capped(lane: Lane, leftOut: string[]): Lane {
  const note = (what: string, all: number, most: number) => {
    if (all > most) leftOut.push(`${lane.name}: ${all - most} of ${all} ${what} are not drawn`);
  };
  note('requests and news', lane.marks.length, MOST_MARKS);
  note('locks', lane.bars.length, MOST_BARS);
  return { ...lane, marks: lane.marks.slice(0, MOST_MARKS), bars: lane.bars.slice(0, MOST_BARS) };
}

function attempt<Part>(make: () => Part): Part | null {
  try {
    return make();
  } catch {
    return null;
  }
}
