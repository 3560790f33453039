/**
 * One schema per kind of step, found by its verb: the one key that says what is done. Everything else
 * in a step is an option of that verb. A new verb is a new entry of {@link STEP_SCHEMAS}.
 */
import { z } from 'zod';
import {
  LOOP_BODIES,
  type MoveStep,
  type RecoveryStep,
  type Repair,
  type Retry,
  type Step,
  type Target,
} from '../scenario.ts';
import { condition } from './conditions.ts';
import { faultPhrase } from './fault-phrase.ts';
import { STEP_STATUSES } from './statuses.ts';
import { duration, name, names, type Phrase, parseNames, phrase, type Refusal, target } from './words.ts';

const DEFAULT_WITHIN_MS = 10_000;
const MOST_OWNERS = 4000;
const MOST_REPEATS = 1000;
const MOST_STEPS = 200;
const LARGEST_SEED = 2 ** 32 - 1;

const status = z.enum(STEP_STATUSES);
const expectation = z
  .union([status, z.array(status).min(1)])
  .transform((one) => (typeof one === 'string' ? [one] : one))
  .meta({ description: 'The status, or one of the statuses, that the step must end with; OK by default' });
/** Refusals of the ledger's rules, and one of the operator's own: that life may still be there. */
const REPAIR_OUTCOMES = [
  'OK',
  'address-carried',
  'already-a-member',
  'already-down',
  'before-barrier',
  'claims-closed',
  'claims-open',
  'has-heir',
  'no-grace',
  'not-a-member',
  'still-alive',
  'still-serving',
] as const;
const repairOutcome = z.enum(REPAIR_OUTCOMES);
const repaired = z
  .union([repairOutcome, z.array(repairOutcome).min(1)])
  .transform((one): string[] => (typeof one === 'string' ? [one] : one))
  .meta({ description: 'What the repair must come to: OK (the default), or why the ledger refuses it' });
const MOVE_OUTCOMES = [
  'OK',
  'already-leaving',
  'already-there',
  'moving',
  'not-a-member',
  'not-serving',
] as const;
const moveOutcome = z.enum(MOVE_OUTCOMES);
const moved = z
  .union([moveOutcome, z.array(moveOutcome).min(1)])
  .transform((one): string[] => (typeof one === 'string' ? [one] : one))
  .meta({ description: 'What the move must come to: OK (the default), or why the ledger refuses it' });
const within = duration(1).optional().meta({ description: 'The step fails after this long; 10s by default' });
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
function aimed(
  verb: string,
  { said, meaning }: Phrase<Target>,
  options: { expect?: string[] | undefined; within?: number | undefined },
) {
  return {
    text: `${verb}: ${said}`,
    ...meaning,
    expect: options.expect ?? ['OK'],
    withinMs: options.within ?? DEFAULT_WITHIN_MS,
  };
}

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
  admit: repair('admit'),
  retire: repair('retire'),
  'declare-dead': repair('declare-dead'),
  abandon: repair('abandon'),
  migrate: z
    .strictObject({ migrate: movePhrase(), expect: moved.optional(), within })
    .transform(
      ({ migrate: { said, meaning }, ...rest }): Step => moveStep(`migrate: ${said}`, meaning, rest),
    ),
  impostor: z.strictObject({ impostor: name, within }).transform(
    ({ impostor, within: withinMs }): Step => ({
      do: 'impostor',
      text: `impostor: ${impostor}`,
      node: impostor,
      withinMs: withinMs ?? DEFAULT_WITHIN_MS,
    }),
  ),
  failback: z
    .strictObject({ failback: name, expect: moved.optional(), within })
    .transform(
      ({ failback: owner, ...rest }): Step => moveStep(`failback: ${owner}`, { owner, to: owner }, rest),
    ),
  wait: z.strictObject({ wait: condition, within }).transform(
    ({ wait, ...rest }): Step => ({
      do: 'wait',
      text: `wait: ${wait.said}`,
      condition: wait.meaning,
      withinMs: rest.within ?? DEFAULT_WITHIN_MS,
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

/** One verb of an operator. */
function repair<Verb extends Repair>(verb: Verb) {
  return z
    .strictObject({ [verb]: name, expect: repaired.optional(), within } as Record<Verb, typeof name> & {
      expect: z.ZodOptional<typeof repaired>;
      within: typeof within;
    })
    .transform((written): Step => {
      const { expect, within: withinMs, ...rest } = written as { expect?: string[]; within?: number };
      const node = (rest as Record<string, string>)[verb]!;
      return {
        do: verb,
        text: `${verb}: ${node}`,
        node,
        expect: expect ?? ['OK'],
        withinMs: withinMs ?? DEFAULT_WITHIN_MS,
      };
    });
}

type Move = Pick<MoveStep, 'owner' | 'to'>;

const moveStep = (text: string, move: Move, options: { expect?: string[]; within?: number }): Step => ({
  do: 'migrate',
  text,
  ...move,
  expect: options.expect ?? ['OK'],
  withinMs: options.within ?? DEFAULT_WITHIN_MS,
});

function movePhrase() {
  return phrase('write whose address moves, and to which node, like "n1 to n2"', (text): Move | Refusal => {
    const [owner = '', word, to = '', ...rest] = text.trim().split(/\s+/);
    if (word !== 'to' || to === '' || rest.length > 0)
      return { refused: `"${text}" does not say whose address moves where; write it like "n1 to n2"` };
    for (const one of [owner, to]) {
      const listed = parseNames('a node')(one);
      if ('refused' in listed) return listed;
    }
    return { owner, to };
  }).meta({
    description: "NODE to NODE: the first one's service address goes to the second, with its clients",
    pattern: '^[a-z][a-z0-9-]*\\s+to\\s+[a-z][a-z0-9-]*$',
  });
}

type Recovery = Pick<RecoveryStep, 'client' | 'behaviour'>;

function recoveryPhrase() {
  return phrase('write how a client recovers, like "alice confirm-only"', (text): Recovery | Refusal => {
    const [client = '', behaviour, ...rest] = text.trim().split(/\s+/);
    const listed = parseNames('a client')(client);
    if ('refused' in listed) return listed;
    if ((behaviour === 'by-the-book' || behaviour === 'confirm-only') && rest.length === 0)
      return { client, behaviour };
    return {
      refused: `"${text}" does not say how ${client} recovers; write "${client} by-the-book" or "${client} confirm-only"`,
    };
  }).meta({
    description: 'CLIENT by-the-book | confirm-only',
    pattern: '^[a-z][a-z0-9-]*\\s+(by-the-book|confirm-only)$',
  });
}

export type Verb = keyof typeof STEP_SCHEMAS;
export const VERBS = Object.keys(STEP_SCHEMAS) as readonly Verb[];

/** Any step. The order of the options is the order of {@link VERBS}: the loader finds a verb's own complaints by it. */
export const step = z
  .union(Object.values(STEP_SCHEMAS) as unknown as readonly [z.ZodType<Step>, ...z.ZodType<Step>[]])
  .meta({ id: 'step', description: 'One step: the verb is the one key that says what is done' });

export const steps = z.array(step).min(1).max(MOST_STEPS);
