/** What the faults have in common that act on single messages, through a relay between a node and its clients. */
import { z } from 'zod';
import type { MessageAct, MessageRule } from '../../core/message-rule.ts';
import { type Fault, type FaultSurroundings, ORDINARY } from '../fault.ts';
import { hasOneEnd, healTargets, inForce, LASTING, ONE_END } from '../lasting.ts';
import { type MessagePhrase, parseMessage } from './message-phrase.ts';
import { OPERATION_NAMES } from './operation-names.ts';

const MOST_TIMES = 10_000;

const message = z
  .string({ error: () => '"message" says which message, like "the reply to the third LOCK"' })
  .transform((text, context) => {
    const parsed = parseMessage(text, OPERATION_NAMES);
    if (!('refused' in parsed)) return parsed;
    context.addIssue({ code: 'custom', message: parsed.refused });
    return z.NEVER;
  });

/** On all of these nodes, or on none. @returns ends it, and says on how many messages it acted; null: on none */
async function beginRules(
  nodes: readonly string[],
  { client, ...what }: MessagePhrase & Omit<MessageRule, 'peer'>,
  { network, tell }: FaultSurroundings,
): Promise<() => Promise<string | null>> {
  const rule = { ...what, peer: client === null ? null : network.addressOf(client) };
  let acted = 0;
  const undo: (() => Promise<void>)[] = [];
  const end = async () => {
    for (const one of undo) await one();
    return acted === 0 ? null : `${acted} message${acted === 1 ? '' : 's'}`;
  };
  try {
    for (const node of nodes)
      undo.push(
        await network.relay(node, rule, (report) => {
          acted += 1;
          tell('begin', [node], report.what);
        }),
      );
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** @param extra parameters of this fault alone */
export function messageFault<Shape extends z.ZodRawShape>(
  { name, about, options }: Pick<Fault, 'name' | 'about' | 'options'>,
  extra: Shape,
  actOf: (parameters: z.output<z.ZodObject<Shape>>) => MessageAct,
) {
  const parameters = z
    .strictObject({
      ...LASTING,
      message,
      /** On so many, from that one on. */
      times: z.int().min(1).max(MOST_TIMES).default(1),
      ...extra,
    })
    .refine((given) => hasOneEnd(given as Parameters<typeof hasOneEnd>[0]), ONE_END);
  type Given = z.output<z.ZodObject<Shape>> & {
    readonly message: MessagePhrase;
    readonly times: number;
    readonly downMs?: number;
  };
  const fault: Fault<Given> = {
    ...ORDINARY,
    name,
    about,
    targets: ['node'],
    needs: ['relay'],
    hits: 'network',
    tells: 'itself',
    options: {
      message: 'which: `RECLAIM_COMPLETE`, `OPEN reply`, `the reply to the third LOCK`, `any reply of alice`',
      times: 'on how many, from that one on (1)',
      ...options,
    },
    parameters: parameters as unknown as z.ZodType<Given>,
    async inject(targets, given, surroundings) {
      const names = targets.map((target) => target.name);
      const { times } = given;
      const undo = await beginRules(names, { ...given.message, times, act: actOf(given) }, surroundings);
      await inForce({ fault: name, targets: names }, given.downMs, undo, surroundings);
    },
    mend: healTargets,
  };
  return fault;
}

export const delayMs = (otherwise: number) => z.number().int().min(1).max(60_000).default(otherwise);
