/**
 * Steps as they stand in a file. The phrase of a step is the one that it was loaded with, as long as that still means what the
 * step does; a step that was made or changed by a program gets one that does.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  Condition,
  MoveStep,
  Pause,
  RecoveryStep,
  Repair,
  RepairStep,
  Step,
  Target,
} from '../scenario.ts';
import { DEFAULT_WITHIN_MS } from './ends.ts';
import { STEP_SCHEMAS, type Verb, verbFor } from './steps.ts';

/** A step as it stands in a file: `{ fault: 'kill n1 for 200ms' }`. */
export type WrittenStep = Readonly<Record<string, unknown>>;

type Writers = { readonly [D in Step['do']]: (step: Extract<Step, { do: D }>) => WrittenStep };

/** One for each kind of step: its phrase, and the options that differ from what is taken when nothing is said. */
const WRITERS: Writers = {
  lock: (step) => ({
    lock: target(step),
    ...(step.mode !== 'write' && { mode: step.mode }),
    ...(step.owners !== 1 && { owners: step.owners }),
    ...(step.by && { by: step.by }),
    retry: step.retry,
    ...answered(step),
  }),
  unlock: (step) => ({
    unlock: target(step),
    ...(step.owners !== 1 && { owners: step.owners }),
    ...answered(step),
  }),
  read: (step) => ({
    read: target(step),
    ...(step.value !== null && { value: step.value }),
    ...answered(step),
  }),
  write: (step) => ({
    write: target(step),
    value: step.value,
    ...(!step.sync && { sync: false }),
    ...answered(step),
  }),
  update: (step) => ({ update: target(step), ...(!step.cached && { cached: false }), ...answered(step) }),
  open: (step) => ({
    open: target(step),
    ...(step.access !== 'both' && { access: step.access }),
    ...(step.deny !== 'none' && { deny: step.deny }),
    ...(step.exclusive && { exclusive: true }),
    ...(!step.create && { create: false }),
    ...answered(step),
  }),
  close: (step) => ({ close: target(step), ...answered(step) }),
  loop: (step) => ({
    loop: target(step),
    ...(step.loop !== step.client && { as: step.loop }),
    ...(step.mode !== 'write' && { mode: step.mode }),
    ...(step.everyMs !== 0 && { every: ms(step.everyMs) }),
    ...(step.holdMs !== 0 && { hold: ms(step.holdMs) }),
    ...(step.body !== 'lock-unlock' && { body: step.body }),
    ...(step.seed !== 0 && { seed: step.seed }),
    ...(step.until !== null && { until: step.until }),
  }),
  stop: ({ loops }) => ({ stop: loops.join(' ') }),
  fault: ({ fault, targets, from, down, parameters }) => ({
    fault: [
      fault,
      ...targets,
      ...(from === null ? [] : ['from', ...from]),
      ...(down === null ? [] : typeof down === 'string' ? [UNTIL[down]] : ['for', pause(down)]),
    ].join(' '),
    ...(Object.keys(parameters).length > 0 && { with: parameters }),
  }),
  start: ({ nodes }) => ({ start: nodes.join(' ') }),
  heal: ({ targets }) => ({ heal: targets.join(' ') }),
  admit: repair,
  retire: repair,
  'declare-dead': repair,
  abandon: repair,
  impostor: ({ node, withinMs }) => ({ impostor: node, ...within(withinMs) }),
  migrate: (step) => ({
    ...(verbFor(step) === 'failback'
      ? { failback: moved(step) }
      : { migrate: `${moved(step)} to ${step.to}` }),
    ...answered(step),
  }),
  wait: ({ condition, withinMs }) => ({ wait: conditionText(condition), ...within(withinMs) }),
  recovery: ({ client, behaviour }: RecoveryStep) => ({ recovery: `${client} ${behaviour}` }),
  parallel: ({ branches }) => ({ parallel: branches.map((branch) => branch.map(writtenStep)) }),
  repeat: ({ times, steps }) => ({ repeat: times, steps: steps.map(writtenStep) }),
};

const moved = ({ domain, owner }: MoveStep): string => (domain === null ? owner : `${domain} of ${owner}`);

const UNTIL = { 'until-start': 'until start', 'until-heal': 'until heal' } as const;

export function writtenStep(step: Step): WrittenStep {
  const write = WRITERS[step.do] as (step: Step) => WrittenStep;
  return asItWasSaid(step, write(step));
}

/** The step with the text that its file would say of it; for one that a program has made or changed. */
export function retold<S extends Step>(step: S): S {
  const write = WRITERS[step.do] as (step: Step) => WrittenStep;
  return { ...step, text: loaded(write(step))?.text ?? step.text };
}

function asItWasSaid(step: Step, written: WrittenStep): WrittenStep {
  const verb = verbFor(step);
  const said = step.text.slice(verb.length + 2);
  if (typeof written[verb] !== 'string' || said === written[verb]) return written;
  const phrased = { ...written, [verb]: said };
  return isDeepStrictEqual(loaded(phrased), step) ? phrased : written;
}

/** The verb is the first key. */
function loaded(written: WrittenStep): Step | null {
  const [verb] = Object.keys(written) as Verb[];
  const parsed = STEP_SCHEMAS[verb!].safeParse(written);
  return parsed.success ? parsed.data : null;
}

const ms = (duration: number): string => `${duration}ms`;

const pause = ({ leastMs, mostMs }: Pause): string =>
  leastMs === mostMs ? ms(leastMs) : `${ms(leastMs)}..${ms(mostMs)}`;

function target({ client, owner, file, span }: Target): string {
  const who = owner === client ? client : `${client}/${owner}`;
  const whole = span.start === 0 && span.end === null;
  return `${who} ${file}${whole ? '' : ` ${span.start}..${span.end ?? ''}`}`;
}

const within = (withinMs: number) => (withinMs === DEFAULT_WITHIN_MS ? {} : { within: ms(withinMs) });

function answered({ expect, withinMs }: { expect: readonly string[]; withinMs: number }): object {
  const [only, ...others] = expect;
  const expected = others.length > 0 ? expect : only;
  return { ...(expected !== 'OK' && { expect: expected }), ...within(withinMs) };
}

function repair(step: RepairStep): WrittenStep {
  return { [step.do satisfies Repair]: step.node, ...answered(step) };
}

function conditionText(condition: Condition): string {
  const { what } = condition;
  if (what === 'time') return pause(condition);
  if ('nodes' in condition) return [what, ...condition.nodes].join(' ');
  return 'clients' in condition ? [what, ...condition.clients].join(' ') : what;
}
