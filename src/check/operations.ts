import type { History, LockMode, OpEvent } from '../history/events.ts';
import { firstIndex } from './first-index.ts';

/**
 * One request with its outcome: the invoke and the reply of the history, joined. It keeps the two events and copies nothing: there may be
 * millions of them.
 */
export class Operation {
  readonly invokeIndex: number;
  /** -1 while pending. */
  replyIndex = -1;
  readonly #invoke: OpEvent;
  #reply: OpEvent | null = null;

  constructor(invoke: OpEvent, index: number) {
    this.#invoke = invoke;
    this.invokeIndex = index;
  }

  conclude(reply: OpEvent, index: number): void {
    this.#reply = reply;
    this.replyIndex = index;
  }

  get client(): string {
    return this.#invoke.client;
  }

  get owner(): string {
    return this.#invoke.owner;
  }

  get node(): string {
    return this.#invoke.node;
  }

  get op(): OpEvent['op'] {
    return this.#invoke.op;
  }

  get file(): string {
    return this.#invoke.file;
  }

  get reclaim(): boolean {
    return this.#invoke.reclaim === true;
  }

  /** Of a program on the node that is not an NFS client. */
  get local(): boolean {
    return this.#invoke.local === true;
  }

  get mode(): LockMode | undefined {
    return this.#invoke.mode;
  }

  /** First byte; 0 where the request has no range. */
  get start(): number {
    return this.#invoke.span?.start ?? 0;
  }

  /** One past the last byte; Infinity for "to the end of the file" and where the request has no range. */
  get end(): number {
    return this.#invoke.span?.end ?? Number.POSITIVE_INFINITY;
  }

  get invokedAt(): number {
    return this.#invoke.t;
  }

  /** Infinity while pending. */
  get repliedAt(): number {
    return this.#reply === null ? Number.POSITIVE_INFINITY : this.#reply.t;
  }

  /** `pending`: the history ends without a reply. */
  get outcome(): 'ok' | 'fail' | 'info' | 'pending' {
    return this.#reply === null ? 'pending' : (this.#reply.phase as 'ok' | 'fail' | 'info');
  }

  get status(): string | undefined {
    return this.#reply?.status;
  }

  get value(): string | undefined {
    return this.#reply?.value ?? this.#invoke.value;
  }

  get basedOn(): string | undefined {
    return this.#reply?.basedOn ?? this.#invoke.basedOn;
  }
}

/** The history contradicts itself (a reply without a request, two requests of one id): nothing can be judged. */
export class HistoryContradictionError extends Error {
  override readonly name = 'HistoryContradictionError';
}

export interface Operations {
  /** In the order of their invokes. */
  readonly all: readonly Operation[];
  /** The operation that the event at this index belongs to. */
  readonly at: readonly (Operation | undefined)[];
}

/** Joins invokes and replies. @throws {HistoryContradictionError} */
export function pairOperations(history: History): Operations {
  const all: Operation[] = [];
  const at: (Operation | undefined)[] = new Array(history.length);
  const waiting = new Map<string, Map<number, Operation>>();
  for (let index = 0; index < history.length; index += 1) {
    const event = history[index]!;
    if (event.kind === 'client' && event.event === 'started') waiting.delete(event.client); // ids start again
    if (event.kind !== 'op') continue;
    let ofClient = waiting.get(event.client);
    if (ofClient === undefined) {
      ofClient = new Map();
      waiting.set(event.client, ofClient);
    }
    if (event.phase === 'invoke') {
      if (ofClient.has(event.id)) {
        throw new HistoryContradictionError(
          `${event.client} sent request ${event.id} twice without a reply in between (event ${index}).`,
        );
      }
      const operation = new Operation(event, index);
      ofClient.set(event.id, operation);
      all.push(operation);
      at[index] = operation;
      continue;
    }
    const operation = ofClient.get(event.id);
    if (operation === undefined) {
      throw new HistoryContradictionError(
        `${event.client} got a reply to request ${event.id}, which is not in the history (event ${index}).`,
      );
    }
    ofClient.delete(event.id);
    operation.conclude(event, index);
    at[index] = operation;
  }
  return { all, at };
}

/** Asks for lock state that the server did not know before: what grace refuses. */
export function isNewState(operation: Operation): boolean {
  return (operation.op === 'lock' || operation.op === 'open') && !operation.reclaim;
}

export function conflicting(a: LockMode | undefined, b: LockMode | undefined): boolean {
  return a === 'write' || b === 'write';
}

/** Half-open ranges with at least one byte in common. */
export function overlapping(
  a: { readonly start: number; readonly end: number },
  b: { readonly start: number; readonly end: number },
): boolean {
  return a.start < b.end && b.start < a.end;
}

/** The first position whose operation was sent at `t` or later. @param operations in the order of their invokes */
export const firstSentFrom = (operations: readonly Operation[], t: number): number =>
  firstIndex(operations.length, (at) => operations[at]!.invokedAt >= t);
