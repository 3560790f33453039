/**
 * Calls to an etcd cluster by its JSON gateway (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/), with the
 * next member taking over when one fails. Every read is linearizable: a member that is cut off from the majority
 * does not answer it, so what is read is never old.
 */
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import {
  jsonOf,
  type KeyValue,
  RANGE_ANSWER,
  type RangeAnswer,
  refusalOf,
  TXN_ANSWER,
  type TxnAnswer,
  WATCH_LINE,
} from './etcd-answers.ts';
import { EtcdMember, type LineStream } from './etcd-http.ts';
import { RecordsUnreadableError, StoreUnavailableError } from './store.ts';

export interface EtcdGatewayOptions {
  /** `http://HOST:PORT` or `https://HOST:PORT` of each member. */
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  /** How long one member may take to answer one request. */
  readonly requestMs: number;
}

export interface KeyRange {
  readonly from: string;
  /** Exclusive; absent: `from` alone. */
  readonly to?: string;
}

export interface RangeOptions {
  readonly limit?: number;
  /** As of this revision; absent: the newest. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
}

/** `modRevision` 0: the key is not there. */
export interface Comparison {
  readonly key: string;
  readonly modRevision: number;
}

export type Operation =
  | { readonly put: string; readonly value: string }
  | { readonly remove: KeyRange }
  | { readonly range: KeyRange };

export interface Transaction {
  readonly compare: readonly Comparison[];
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

export type TransactionOutcome =
  | { readonly outcome: 'answered'; readonly answer: TxnAnswer }
  /** It may have been carried out, or may be later. */
  | { readonly outcome: 'unknown'; readonly why: string };

export interface WatchListener {
  /** The member listens, to everything after this revision. */
  began(revision: number): void;
  changed(to: Pick<KeyValue, 'mod_revision' | 'value'>): void;
  /** Once. What happens from now on is not heard. */
  ended(why: string): void;
}

type Answer = { readonly answered: unknown } | { readonly unanswered: string };

export class EtcdGateway {
  readonly #members: readonly EtcdMember[];
  readonly #requestMs: number;
  /** Which member is asked first. */
  #preferred = 0;
  /** Which cluster this is; members of another one were named by mistake and are not believed. */
  #clusterId: string | null = null;
  readonly #identified = new Set<EtcdMember>();

  /** @throws Error, in one sentence, for endpoints that make no sense */
  constructor({ endpoints, clock, requestMs }: EtcdGatewayOptions) {
    if (endpoints.length === 0) throw new Error('an etcd store needs the address of at least one member');
    this.#members = endpoints.map((url) => new EtcdMember(url, clock));
    this.#requestMs = requestMs;
  }

  /** How many there are to ask. */
  get size(): number {
    return this.#members.length;
  }

  /** Rejects with the errors of the store. */
  async range(range: KeyRange, options: RangeOptions = {}): Promise<RangeAnswer> {
    const answer = await this.#ask('/v3/kv/range', rangeBody(range, options), 'whatever-happens');
    if ('unanswered' in answer) throw unavailable([answer.unanswered]);
    return understood(RANGE_ANSWER, answer.answered);
  }

  /** All in one: if every comparison holds, `success`, else `failure`. Rejects when it was certainly not carried out. */
  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    const { compare, success, failure = [] } = transaction;
    const body = {
      compare: compare.map(({ key, modRevision }) => ({
        target: 'MOD',
        result: 'EQUAL',
        key: base64(key),
        mod_revision: String(modRevision),
      })),
      success: success.map(operationBody),
      failure: failure.map(operationBody),
    };
    const reads = [...success, ...failure].every((operation) => 'range' in operation);
    const answer = await this.#ask('/v3/kv/txn', body, reads ? 'whatever-happens' : 'if-not-sent');
    if ('unanswered' in answer) return { outcome: 'unknown', why: answer.unanswered };
    if (reads) return { outcome: 'answered', answer: understood(TXN_ANSWER, answer.answered) };
    // An answer, whatever it means: what was asked for may have been done.
    const parsed = TXN_ANSWER.safeParse(answer.answered);
    return parsed.success
      ? { outcome: 'answered', answer: parsed.data }
      : { outcome: 'unknown', why: 'the answer cannot be understood' };
  }

  /** Changes of one key at one member, the `turn`-th, from a revision on (absent: from now on). */
  watch(key: string, from: number | null, turn: number, listener: WatchListener): LineStream {
    const member = this.#members[turn % this.#members.length]!;
    const body = {
      create_request: { key: base64(key), ...(from !== null && { start_revision: String(from) }) },
    };
    const stream = member.stream('/v3/watch', body, this.#requestMs, {
      ended: listener.ended,
      line: (text) => {
        const parsed = WATCH_LINE.safeParse(jsonOf(text));
        const said = parsed.success ? parsed.data.result : null;
        const problem = said === null ? `it says ${text.slice(0, 200)}` : this.#watchProblem(said);
        if (said === null || problem !== null) {
          stream.close();
          listener.ended(`${member.url}: ${problem}`);
          return;
        }
        if (said.created) listener.began(said.header.revision);
        for (const { kv } of said.events) listener.changed(kv);
      },
    });
    return stream;
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  #watchProblem(result: z.output<typeof WATCH_LINE>['result']): string | null {
    if (result.header.cluster_id !== (this.#clusterId ?? result.header.cluster_id)) return OTHER_CLUSTER;
    return result.canceled ? `it ended the watch: ${result.cancel_reason}` : null;
  }

  /** Each member once, the preferred one first. A request that may have been carried out goes on to the next only if that does no harm. */
  async #ask(path: string, body: object, again: 'whatever-happens' | 'if-not-sent'): Promise<Answer> {
    const first = this.#preferred;
    const reasons: string[] = [];
    for (let turn = 0; turn < this.#members.length; turn++) {
      const index = (first + turn) % this.#members.length;
      const member = this.#members[index]!;
      const stranger = again === 'if-not-sent' ? await this.#identify(member) : null;
      const delivery =
        stranger === null
          ? await this.#askMember(member, path, body)
          : { outcome: 'not-done' as const, why: stranger };
      if (delivery.outcome === 'done') {
        this.#preferred = index;
        return { answered: delivery.value };
      }
      reasons.push(delivery.why);
      if (this.#preferred === index) this.#preferred = (index + 1) % this.#members.length;
      if (delivery.outcome === 'perhaps' && again === 'if-not-sent') return { unanswered: delivery.why };
    }
    throw unavailable(reasons);
  }

  async #askMember(
    member: EtcdMember,
    path: string,
    body: object,
  ): Promise<
    | { readonly outcome: 'done'; readonly value: unknown }
    | { readonly outcome: 'not-done' | 'perhaps'; readonly why: string }
  > {
    const delivery = await member.post(path, body, this.#requestMs);
    if (delivery.delivered === 'not-sent') return { outcome: 'not-done', why: delivery.why };
    if (delivery.delivered === 'no-answer') return { outcome: 'perhaps', why: delivery.why };
    const refusal = refusalOf(delivery.status, delivery.text);
    const why = `${member.url}: ${refusal?.why}`;
    if (refusal?.kind === 'refused') throw unavailable([why]);
    if (refusal?.kind === 'damaged') throw new RecordsUnreadableError(`the store is damaged: ${why}`);
    if (refusal !== null) return { outcome: 'perhaps', why };
    const value = jsonOf(delivery.text);
    const clusterId = clusterIdOf(value);
    if (clusterId === null)
      return { outcome: 'perhaps', why: `${member.url}: it does not answer as etcd does` };
    this.#clusterId ??= clusterId;
    if (clusterId !== this.#clusterId) return { outcome: 'perhaps', why: `${member.url}: ${OTHER_CLUSTER}` };
    this.#identified.add(member);
    return { outcome: 'done', value };
  }

  /** Nothing is written at a member before a read has shown which cluster it is of. @returns why not to write there */
  async #identify(member: EtcdMember): Promise<string | null> {
    if (this.#identified.has(member)) return null;
    const probe = await this.#askMember(member, '/v3/kv/range', rangeBody({ from: '\0' }, { limit: 1 }));
    return probe.outcome === 'done' ? null : probe.why;
  }
}

const OTHER_CLUSTER = 'it is a member of another etcd cluster than the first one that answered';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

function rangeBody({ from, to }: KeyRange, { limit, revision, keysOnly }: RangeOptions = {}): object {
  return {
    key: base64(from),
    ...(to !== undefined && { range_end: base64(to) }),
    ...(limit !== undefined && { limit: String(limit) }),
    ...(revision !== undefined && { revision: String(revision) }),
    ...(keysOnly && { keys_only: true }),
  };
}

function operationBody(operation: Operation): object {
  if ('put' in operation)
    return { request_put: { key: base64(operation.put), value: base64(operation.value) } };
  if ('remove' in operation) return { request_delete_range: rangeBody(operation.remove) };
  return { request_range: rangeBody(operation.range) };
}

function clusterIdOf(value: unknown): string | null {
  const { header } = (value ?? {}) as { header?: { cluster_id?: unknown } };
  return typeof header?.cluster_id === 'string' ? header.cluster_id : null;
}

/** A success that cannot be understood is no ground to go on: what it says about the domain cannot be trusted. */
function understood<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new StoreUnavailableError(
    `the store's answer cannot be understood: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

const unavailable = (reasons: readonly string[]): StoreUnavailableError =>
  new StoreUnavailableError(`the store does not answer: ${reasons.join('; ')}`);
