/** What etcd's JSON gateway says, checked before anything is concluded from it. Zero, false and empty are left out by it. */
import { z } from 'zod';

/** int64 is text in JSON (https://protobuf.dev/programming-guides/json/). */
const COUNT = z
  .string()
  .regex(/^\d+$/)
  .transform(Number)
  .refine(Number.isSafeInteger, 'it is too large a number');
const BYTES = z.base64().transform((text) => Buffer.from(text, 'base64').toString('utf8'));

/** Revisions count every change of the whole cluster; none is used twice. */
const HEADER = z.object({ cluster_id: z.string().min(1), revision: COUNT });

const KEY_VALUE = z.object({ key: BYTES, value: BYTES.default(''), mod_revision: COUNT });
export type KeyValue = z.output<typeof KEY_VALUE>;

const RANGE = z.object({ kvs: z.array(KEY_VALUE).default([]), more: z.boolean().default(false) });
export const RANGE_ANSWER = RANGE.extend({ header: HEADER });
export type RangeAnswer = z.output<typeof RANGE_ANSWER>;

export const TXN_ANSWER = z.object({
  header: HEADER,
  succeeded: z.boolean().default(false),
  responses: z.array(z.object({ response_range: RANGE.optional() })).default([]),
});
export type TxnAnswer = z.output<typeof TXN_ANSWER>;

/** One line of a watch. */
export const WATCH_LINE = z.object({
  result: z.object({
    header: HEADER,
    created: z.boolean().default(false),
    canceled: z.boolean().default(false),
    cancel_reason: z.string().default(''),
    // Of a removal there is no value.
    events: z
      .array(z.object({ kv: z.object({ mod_revision: COUNT, value: BYTES.default('') }) }))
      .default([]),
  }),
});

const REFUSAL = z.object({ error: z.string(), code: z.number() });

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  outOfRange: 11,
  unimplemented: 12,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/**
 * - `refused`: it was not carried out, and no other member would do it either.
 * - `damaged`: etcd itself says that its members disagree about what is stored.
 * - `failed`: nobody knows whether it was carried out.
 */
export interface Refusal {
  readonly kind: 'refused' | 'damaged' | 'failed';
  readonly why: string;
}

/** Why an answer is no success; null for a success. */
export function refusalOf(status: number, text: string): Refusal | null {
  if (status === 200) return null;
  const parsed = REFUSAL.safeParse(jsonOf(text));
  if (!parsed.success) return { kind: 'failed', why: strange(status, text) };
  const { error, code } = parsed.data;
  switch (code) {
    case GRPC.resourceExhausted:
      if (/database space exceeded/.test(error)) return { kind: 'refused', why: FULL };
      // etcd says so of a request; gRPC itself uses the same code for an answer that it does not want to carry.
      return { kind: error.startsWith('etcdserver:') ? 'refused' : 'failed', why: error };
    case GRPC.invalidArgument:
      return { kind: 'refused', why: /user name is empty/.test(error) ? AUTH : error };
    case GRPC.permissionDenied:
    case GRPC.unauthenticated:
      return { kind: 'refused', why: AUTH };
    case GRPC.outOfRange:
    case GRPC.unimplemented:
      return { kind: 'refused', why: error };
    case GRPC.dataLoss:
      return { kind: 'damaged', why: error };
    default:
      return { kind: 'failed', why: error };
  }
}

const FULL =
  'etcd is full, its space quota is used up: compact and defragment it, then `etcdctl alarm disarm` (docs/stores.md)';
const AUTH = 'etcd wants a user and a password, which are not supported (docs/stores.md)';

const strange = (status: number, text: string): string =>
  status === 404
    ? 'it answers with status 404, so it is not etcd, or one older than 3.4'
    : `it answers with status ${status} and not as etcd does: ${JSON.stringify(text.slice(0, 80))}`;

/** The value of a JSON text; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
