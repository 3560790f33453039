/**
 * One schema per kind of step, found by its verb: the one key that says what is done. Everything else
 * in a step is an option of that verb. A new verb is a new entry of {@link STEP_SCHEMAS}.
 */
import { z } from 'zod';
import {
  LOOP_BODIES,
  RECOVERY_BEHAVIOURS,
  type RecoveryStep,
  type Retry,
  type Step,
  type Target,
} from '../scenario.ts';
import { LARGEST_SEED } from '../seeded-random.ts';
import { condition } from './conditions.ts';
import { ended, outcomes, type WrittenEnd, within } from './ends.ts';
import { faultPhrase } from './fault-phrase.ts';
import { OPERATOR_SCHEMAS } from './operator-steps.ts';
import { STEP_STATUSES } from './statuses.ts';
import { duration, name, names, type Phrase, parseNames, phrase, type Refusal, target } from './words.ts';

const MOST_OWNERS = 4000;
const MOST_REPEATS = 1000;
const MOST_STEPS = 200;

const expectation = outcomes(
  STEP_STATUSES,
  'The status, or one of the statuses, that the step must end with; OK by default',
);
const mode = z
  .enum(['read', 'write'])
  .optional()
  .meta({ description: 'A shared (read) or an exclusive (write) lock; write by default' });
const owners = z.int().min(1).max(MOST_OWNERS).optional().meta({
  description:
    'That many lock owners, each with its own slice: owner k has the range moved by k times its length',
});

const answered = { expect: expectation.optional(), within };

/** What all client steps have in common. */
const aimed = (verb: string, { said, meaning }: Phrase<Target>, end: WrittenEnd) => ({
  text: `${verb}: ${said}`,
  ...meaning,
  ...ended(end),
});

/** A step that expects to be refused asks once; one that expects to be granted waits the grace out. */
const defaultRetry = (expect: readonly string[]): Retry => (expect.includes('OK') ? 'grace' : 'none');

/** Text as stored in a guarded cell: it must fit, and NULs are trimmed when it is read. */
const cellText = z.string().min(1).max(4096);

const stepList = () =>
  z
    .array(z.lazy((): z.ZodType<Step> => step))
    .min(1)
    .max(MOST_STEPS);

/** By verb. The transforms give every default its value. */
export const STEP_SCHEMAS = {
  lock: z
    .strictObject({
      lock: target,
      mode,
      owners,
      retry: z.enum(['none', 'grace', 'all']).optional(),
      by: z.literal('flock').optional().meta({
        description: 'A local program locks the whole file by flock(2), and not by fcntl(2)',
      }),
      ...answered,
    })
    .transform(({ lock, ...rest }): Step => {
      const common = aimed('lock', lock, rest);
      return {
        do: 'lock',
        ...common,
        mode: rest.mode ?? 'write',
        owners: rest.owners ?? 1,
        retry: rest.retry ?? defaultRetry(common.expect),
        ...(rest.by && { by: rest.by }),
      };
    }),
  unlock: z.strictObject({ unlock: target, owners, ...answered }).transform(
    ({ unlock, ...rest }): Step => ({
      do: 'unlock',
      ...aimed('unlock', unlock, rest),
      owners: rest.owners ?? 1,
    }),
  ),
  read: z
    .strictObject({ read: target, value: cellText.optional(), ...answered })
    .transform(
      ({ read, ...rest }): Step => ({ do: 'read', ...aimed('read', read, rest), value: rest.value ?? null }),
    ),
  write: z
    .strictObject({ write: target, value: cellText, sync: z.boolean().optional(), ...answered })
    .transform(
      ({ write, ...rest }): Step => ({
        do: 'write',
        ...aimed('write', write, rest),
        value: rest.value,
        sync: rest.sync ?? true,
      }),
    ),
  update: z.strictObject({ update: target, cached: z.boolean().optional(), ...answered }).transform(
    ({ update, ...rest }): Step => ({
      do: 'update',
      ...aimed('update', update, rest),
      cached: rest.cached ?? true,
    }),
  ),
  open: z
    .strictObject({
      open: target,
      access: z.enum(['read', 'write', 'both']).optional(),
      create: z.boolean().optional(),
      deny: z
        .enum(['none', 'read', 'write', 'both'])
        .optional()
        .meta({ description: 'What nobody else may do with the file meanwhile; none by default' }),
      exclusive: z
        .boolean()
        .optional()
        .meta({ description: 'Create the file, which must not be there yet (EXIST)' }),
      ...answered,
    })
    .transform(
      ({ open, ...rest }): Step => ({
        do: 'open',
        ...aimed('open', open, rest),
        access: rest.access ?? 'both',
        create: rest.create ?? true,
        deny: rest.deny ?? 'none',
        exclusive: rest.exclusive ?? false,
      }),
    ),
  close: z
    .strictObject({ close: target, ...answered })
    .transform(({ close, ...rest }): Step => ({ do: 'close', ...aimed('close', close, rest) })),
  loop: z
    .strictObject({
      loop: target,
      as: name
        .optional()
        .meta({ description: "The name by which the loop is stopped; the client's by default" }),
      mode,
      every: duration(0).optional().meta({ description: 'The pause between two attempts; none by default' }),
      hold: duration(0).optional().meta({
        description: 'The longest that a lock is kept before the round goes on; not at all by default',
      }),
      body: z.enum(LOOP_BODIES).optional().meta({ description: 'What a round does; lock-unlock by default' }),
      seed: z
        .int()
        .min(0)
        .max(LARGEST_SEED)
        .optional()
        .meta({ description: 'What the rounds draw follows from this; 0 by default' }),
      until: z
        .literal('granted')
        .optional()
        .meta({ description: 'End by itself after the first round that was granted the lock' }),
    })
    .transform(
      ({ loop: { said, meaning }, ...rest }): Step => ({
        do: 'loop',
        text: `loop: ${said}`,
        ...meaning,
        loop: rest.as ?? meaning.client,
        mode: rest.mode ?? 'write',
        everyMs: rest.every ?? 0,
        holdMs: rest.hold ?? 0,
        body: rest.body ?? 'lock-unlock',
        seed: rest.seed ?? 0,
        until: rest.until ?? null,
      }),
    ),
  stop: z
    .strictObject({ stop: names('a loop') })
    .transform(({ stop }): Step => ({ do: 'stop', text: `stop: ${stop.said}`, loops: stop.meaning })),
  fault: z
    .strictObject({
      fault: faultPhrase,
      with: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .optional()
        .meta({ description: 'Further parameters of the fault' }),
    })
    .transform(({ fault: { said, meaning }, ...rest }): Step => {
      const { at, ...phrased } = meaning;
      const parameters = { ...rest.with, ...(at !== null && { at }) };
      return { do: 'fault', text: `fault: ${said}`, ...phrased, parameters };
    }),
  start: z
    .strictObject({ start: names('a node') })
    .transform(({ start }): Step => ({ do: 'start', text: `start: ${start.said}`, nodes: start.meaning })),
  heal: z
    .strictObject({ heal: names('a node') })
    .transform(({ heal }): Step => ({ do: 'heal', text: `heal: ${heal.said}`, targets: heal.meaning })),
  ...OPERATOR_SCHEMAS,
  wait: z.strictObject({ wait: condition, within }).transform(
    ({ wait, ...rest }): Step => ({
      do: 'wait',
      text: `wait: ${wait.said}`,
      condition: wait.meaning,
      withinMs: ended(rest).withinMs,
    }),
  ),
  recovery: z
    .strictObject({ recovery: recoveryPhrase() })
    .transform(
      ({ recovery: { said, meaning } }): Step => ({ do: 'recovery', text: `recovery: ${said}`, ...meaning }),
    ),
  parallel: z.strictObject({ parallel: z.array(stepList()).min(2).max(16) }).transform(
    ({ parallel }): Step => ({
      do: 'parallel',
      text: `parallel: ${parallel.length} branches`,
      branches: parallel,
    }),
  ),
  repeat: z
    .strictObject({ repeat: z.int().min(1).max(MOST_REPEATS), steps: stepList() })
    .transform(
      ({ repeat, steps }): Step => ({ do: 'repeat', text: `repeat: ${repeat}`, times: repeat, steps }),
    ),
} as const;

type Recovery = Pick<RecoveryStep, 'client' | 'behaviour'>;

function recoveryPhrase() {
  return phrase('write how a client recovers, like "alice confirm-only"', (text): Recovery | Refusal => {
    const [client = '', behaviour, ...rest] = text.trim().split(/\s+/);
    const listed = parseNames('a client')(client);
    if ('refused' in listed) return listed;
    const known = RECOVERY_BEHAVIOURS.find((each) => each === behaviour);
    if (known !== undefined && rest.length === 0) return { client, behaviour: known };
    const ways = RECOVERY_BEHAVIOURS.map((each) => `"${client} ${each}"`).join(', ');
    return { refused: `"${text}" does not say how ${client} recovers; write one of ${ways}` };
  }).meta({
    description: `CLIENT ${RECOVERY_BEHAVIOURS.join(' | ')}`,
    pattern: `^[a-z][a-z0-9-]*\\s+(${RECOVERY_BEHAVIOURS.join('|')})$`,
  });
}

export type Verb = keyof typeof STEP_SCHEMAS;
export const VERBS = Object.keys(STEP_SCHEMAS) as readonly Verb[];

/** The verb that a file has for the step: a move of an address to where it belongs is a failback. */
export const verbFor = (step: Step): Verb =>
  step.do === 'migrate' && step.owner === step.to ? 'failback' : step.do;

/** Any step. The order of the options is the order of {@link VERBS}: the loader finds a verb's own complaints by it. */
export const step = z
  .union(Object.values(STEP_SCHEMAS) as unknown as readonly [z.ZodType<Step>, ...z.ZodType<Step>[]])
  .meta({ id: 'step', description: 'One step: the verb is the one key that says what is done' });

export const steps = z.array(step).min(1).max(MOST_STEPS);
