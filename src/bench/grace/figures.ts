/** The figures of one run, from what was seen in it. Pure; whatever was not seen is absent, with the reason. */
import { asNodeId } from '../../core/ids.ts';
import { barrierReached, inGrace, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import type { History, HistoryEvent, LedgerEvent } from '../../history/events.ts';
import { inOrder } from '../../history/recorder.ts';
import { absent, type Figure, figure } from '../figure.ts';
import { type Cut, type ObservedGrace, VICTIM } from './observed.ts';
import { type Spent, type Swaps, spentBetween, swapsUpTo } from './spent.ts';

/** Times in milliseconds. */
export interface FirstStart extends Swaps {
  /** From the first boot that was sent to the ledger to the first ledger that shows all nodes up and no grace. */
  readonly readyMs: Figure;
}

export interface NormalOperation extends Spent {
  /** LOCK and LOCKU requests that were granted. */
  readonly requests: Figure;
}

export interface PowerCut extends Spent {
  /** From the order to cut the power to the end of the last process. The beacon goes out in between. */
  readonly goneMs: Figure;
  /** From that order to the first survivor that finds the beacon missing. */
  readonly detectionMs: Figure;
  /** From there to the ledger in which every survivor has acknowledged. */
  readonly barrierMs: Figure;
}

export interface Reboot extends PowerCut {
  /** From the order to the barrier after the node's next boot: from then on its clients may reclaim. */
  readonly backMs: Figure;
  /** From there to its server listening. */
  readonly servingMs: Figure;
  /** From the barrier after its boot to the first and to the last of its clients that is through. */
  readonly firstClientMs: Figure;
  readonly lastClientMs: Figure;
  /** From the barrier after its boot to the lift, with all its clients reclaimed. */
  readonly liftMs: Figure;
  /** Clients that still hold their lock. */
  readonly reclaimed: Figure;
}

export interface GraceFigures {
  readonly firstStart: FirstStart;
  readonly normal: NormalOperation;
  /** The node boots again at once; what is spent is counted up to the lift. */
  readonly reboot: Reboot;
  /** It stays down; what is spent is counted up to the barrier. */
  readonly loss: PowerCut;
}

const NS_PER_MS = 1e6;

export function graceFigures(observed: ObservedGrace): GraceFigures {
  const run = new SeenRun(observed);
  const { counts, loss } = observed;
  return {
    firstStart: { ...swapsUpTo(counts.started), ...firstStart(run) },
    normal: { ...spentBetween(counts.entered, counts.worked), ...normal(run) },
    reboot: { ...spentBetween(counts.worked, counts.lifted), ...reboot(run) },
    loss: { ...spentBetween(counts.lifted, counts.stopped), ...powerCut(run, loss) },
  };
}

/** A run with its swaps in their order. */
class SeenRun {
  readonly observed: ObservedGrace;
  readonly history: History;
  readonly swaps: readonly LedgerEvent[];

  constructor(observed: ObservedGrace) {
    this.observed = observed;
    this.history = inOrder(observed.history);
    this.swaps = this.history
      .filter((event) => event.kind === 'ledger')
      .toSorted((a, b) => (a.revision ?? 0) - (b.revision ?? 0) || a.t - b.t);
  }

  /** Milliseconds from one moment to another. */
  span(from: number | undefined, to: number | undefined, why: string): Figure {
    if (from === undefined || to === undefined) return absent(why);
    return figure((to - from) / NS_PER_MS);
  }

  event(from: number, is: (event: HistoryEvent) => boolean): HistoryEvent | undefined {
    return this.history.find((event) => event.t >= from && is(event));
  }

  swap(from: number, is: (ledger: Ledger) => boolean): LedgerEvent | undefined {
    return this.swaps.find(({ t, ledger }) => t >= from && is(ledger));
  }
}

function firstStart(run: SeenRun): Pick<FirstStart, 'readyMs'> {
  const allUp = (ledger: Ledger) => nodesOf(ledger).every((node) => ledger.members[node]!.state === 'up');
  const ready = run.swap(0, (ledger) => !inGrace(ledger) && allUp(ledger));
  return { readyMs: run.span(run.swaps[0]?.sentAt, ready?.t, 'not all nodes were up and out of grace') };
}

function normal(run: SeenRun): Pick<NormalOperation, 'requests'> {
  const { traffic } = run.observed;
  if (traffic === null) return { requests: absent('nobody locked') };
  const { OK: granted = 0, ...others } = traffic;
  if (Object.keys(others).length === 0 && granted > 0) return { requests: figure(granted) };
  const words = Object.entries(others).map(([status, count]) => `${count} of ${status}`);
  return {
    requests: absent(`not all requests were granted (${words.join(', ') || 'there were none'})`),
  };
}

function powerCut(run: SeenRun, cut: Cut | null): Pick<PowerCut, 'goneMs' | 'detectionMs' | 'barrierMs'> {
  if (cut === null) {
    const none = absent('the power was not cut');
    return { goneMs: none, detectionMs: none, barrierMs: none };
  }
  const detected = run.event(
    cut.at,
    (event) => event.kind === 'node' && event.event === 'beacon-missing' && event.peer === VICTIM,
  );
  const formerLife = incarnationBefore(run, cut.at);
  const barrier = run.swap(cut.at, (ledger) => haveSurvivorsStopped(ledger, formerLife));
  const silent = `no node found the beacon of ${VICTIM} missing before its next life was in the ledger`;
  return {
    goneMs: run.span(cut.at, cut.goneAt, 'the processes did not end'),
    detectionMs: run.span(cut.at, detected?.t, silent),
    barrierMs:
      detected === undefined
        ? absent(silent)
        : run.span(detected.t, barrier?.t, 'the survivors did not reach a barrier'),
  };
}

const incarnationBefore = (run: SeenRun, at: number): number =>
  run.swaps
    .filter(({ t }) => t <= at)
    .map(({ ledger }) => memberOf(ledger, asNodeId(VICTIM))?.incarnation ?? 0)
    .at(-1) ?? 0;

/** The ledger knows that the former life is over, and every other node that may still serve has acknowledged that view. */
export function haveSurvivorsStopped(ledger: Ledger, formerLife: number): boolean {
  const victim = memberOf(ledger, asNodeId(VICTIM));
  if (!inGrace(ledger) || victim === undefined) return false;
  if (victim.state !== 'down' && victim.incarnation === formerLife) return false;
  return nodesOf(ledger)
    .filter((node) => node !== VICTIM)
    .map((node) => ledger.members[node]!)
    .every(({ state, acknowledgedView }) => state === 'down' || acknowledgedView === ledger.view);
}

function reboot(run: SeenRun): Omit<Reboot, keyof Spent> {
  const cut = run.observed.reboot;
  const times = powerCut(run, cut);
  const at = cut?.at ?? Number.POSITIVE_INFINITY;
  const formerLife = incarnationBefore(run, at);
  const isBack = (ledger: Ledger) => {
    const victim = memberOf(ledger, asNodeId(VICTIM));
    return victim?.state === 'up' && victim.incarnation > formerLife;
  };
  const back = run.swap(at, (ledger) => isBack(ledger) && (barrierReached(ledger) || !inGrace(ledger)));
  const from = back?.t;
  const serving = run.event(
    at,
    (event) => event.kind === 'node' && event.event === 'serving' && event.node === VICTIM,
  );
  const through = clientsThrough(run, at);
  const noClient = run.observed.plan.clients === 0 ? 'it has no clients' : 'no client was through';
  return {
    ...times,
    backMs: run.span(cut?.at, from, 'there was no barrier after its boot'),
    servingMs: run.span(from, serving?.t, 'it did not serve again'),
    firstClientMs: run.span(from, through[0], noClient),
    lastClientMs: run.span(from, through.at(-1), noClient),
    ...reclaimed(run, from),
  };
}

/** When each of the victim's clients had told its server that it has nothing more to reclaim. */
const clientsThrough = ({ history }: SeenRun, from: number): number[] =>
  history
    .filter((event) => event.kind === 'client' && event.event === 'reclaim-complete' && event.node === VICTIM)
    .filter((event) => event.t >= from)
    .map(({ t }) => t);

/** A lift without all clients is not what is measured here. */
function reclaimed(run: SeenRun, from: number | undefined): Pick<Reboot, 'liftMs' | 'reclaimed'> {
  const { holding, plan } = run.observed;
  const lift = from === undefined ? undefined : run.swap(from, (ledger) => !inGrace(ledger));
  const kept = holding === null ? absent('nobody asked the clients') : figure(holding);
  if (lift === undefined || holding === plan.clients)
    return { reclaimed: kept, liftMs: run.span(from, lift?.t, 'there was no lift') };
  const count = holding === null ? 'nobody knows how many' : `${holding}`;
  return {
    reclaimed: kept,
    liftMs: absent(`at the lift ${count} of ${plan.clients} clients had their locks back`),
  };
}
