/** What the faults have in common that act on single messages, through a relay between a node and its clients. */
import { z } from 'zod';
import { type Fault, ORDINARY } from '../fault.ts';
import { hasOneEnd, inForce, LASTING, ONE_END } from '../lasting.ts';
import { parseMessage } from './message-phrase.ts';
import { OPERATION_NAMES } from './operation-names.ts';
import type { MessageAct } from './rule.ts';

const MOST_TIMES = 10_000;

const message = z
  .string({ error: () => '"message" says which message, like "the reply to the third LOCK"' })
  .transform((text, context) => {
    const parsed = parseMessage(text, OPERATION_NAMES);
    if (!('refused' in parsed)) return parsed;
    context.addIssue({ code: 'custom', message: parsed.refused });
    return z.NEVER;
  });

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
    readonly message: Exclude<ReturnType<typeof parseMessage>, { refused: string }>;
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
      const { network, tell } = surroundings;
      const act = actOf(given);
      const { direction, operation, nth, client } = given.message;
      const peer = client === null ? null : network.addressOf(client);
      let acted = 0;
      const undo: (() => Promise<void>)[] = [];
      for (const { name: node } of targets) {
        const rule = { direction, operation, nth, times: given.times, peer, act };
        const end = await network.relay(node, rule, ({ what }) => {
          acted += 1;
          tell('begin', [node], what);
        });
        undo.push(end);
      }
      const told = async () => {
        for (const end of undo) await end();
        return acted === 0 ? null : `${acted} messages`;
      };
      const names = targets.map((target) => target.name);
      await inForce({ fault: name, targets: names }, given.downMs, told, surroundings);
    },
    async mend(targets, { disturbances }) {
      await disturbances.healAllOf(targets.map((target) => target.name));
    },
  };
  return fault;
}

export const delayMs = (otherwise: number) => z.number().int().min(1).max(60_000).default(otherwise);
