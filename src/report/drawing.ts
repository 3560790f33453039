import { CheckContext } from '../check/context.ts';
import { domainParts } from '../check/domains.ts';
import type { Verdict, VerdictDocument } from '../check/verdict.ts';
import type { History } from '../history/events.ts';
import { type ClientLane, clientLanes } from './drawing/clients.ts';
import { type DomainLane, domainLanes } from './drawing/domains.ts';
import { type FaultBand, faultBands } from './drawing/faults.ts';
import { type HoldColumns, holdColumns } from './drawing/holds.ts';
import { Names, us } from './drawing/names.ts';
import { type NodeLane, nodeLanes } from './drawing/nodes.ts';
import { type CheckRow, checkRows } from './drawing/proofs.ts';
import { type RequestColumns, requestColumns } from './drawing/requests.ts';
import { settingOf } from './judged-run.ts';

/**
 * Everything that the page draws. Plain data: it travels as JSON inside the page, so what there are many of travels in columns.
 * All times are whole microseconds since the run's origin.
 */
export interface Drawing {
  readonly scenario: string;
  readonly verdict: Verdict;
  /** Seed, runtime, server, filesystem: whatever is known of them. */
  readonly setting: readonly string[];
  readonly reasons: readonly string[];
  readonly checks: readonly CheckRow[];
  readonly coverage: Readonly<Record<string, number>>;
  readonly timings: Readonly<Record<string, number>>;
  readonly end: number;
  /** Names of clients, owners, nodes, files, operations and statuses; columns say their places here. */
  readonly names: readonly string[];
  /** Texts of marks and stretches. */
  readonly texts: readonly string[];
  readonly domains: readonly DomainLane[];
  readonly nodes: readonly NodeLane[];
  readonly clients: readonly ClientLane[];
  readonly faults: readonly FaultBand[];
  /** What the scenario did, in its own words. */
  readonly steps: readonly (readonly [number, string])[];
  readonly requests: RequestColumns;
  readonly holds: HoldColumns;
  /** What was left out because there was too much of it, in words; empty when all is drawn. */
  readonly leftOut: readonly string[];
}

/** Makes the drawing of a run. A part that the history is too broken for is left empty; the verdict says why. */
export function drawingOf(history: History, verdict: VerdictDocument): Drawing {
  const parts = attempt(() => domainParts(history)) ?? [];
  const context = parts.length === 1 ? parts[0]!.context : new CheckContext(history);
  const names = new Names();
  const texts = new Names();
  const leftOut: string[] = [];
  const operations = attempt(() => context.operations.all) ?? [];
  const { columns: requests, places } = requestColumns(context, operations, names, leftOut);
  const holds = holdColumns(context, attempt(() => context.claims) ?? [], names, leftOut);
  return {
    scenario: verdict.scenario,
    verdict: verdict.verdict,
    setting: settingOf(verdict).filter((part) => part !== 'unknown'),
    reasons: verdict.reasons,
    checks: checkRows(verdict.checks, context.history, places),
    coverage: verdict.coverage,
    timings: verdict.timings,
    end: us(context.endsAt),
    domains: attempt(() => domainLanes(parts)) ?? [],
    nodes: nodeLanes(context, parts, texts),
    clients: clientLanes(context, texts),
    faults: faultBands(context),
    steps: stepsOf(context),
    requests,
    holds,
    leftOut,
    names: names.all,
    texts: texts.all,
  };
}

const stepsOf = ({ milestones }: CheckContext): [number, string][] =>
  milestones.flatMap(([, event]) =>
    event.kind === 'run' && event.event === 'step' ? [[us(event.t), event.text ?? 'a step']] : [],
  );

/** Whatever a broken history makes the checkers' derivations throw: they check it, and the page draws the rest. */
function attempt<Part>(make: () => Part): Part | null {
  try {
    return make();
  } catch {
    return null;
  }
}
