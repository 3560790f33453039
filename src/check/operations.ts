import type { History, LockMode, OpEvent } from '../history/events.ts';

/** One request with its outcome: the invoke and the reply of the history, joined. */
export interface Operation {
  readonly client: string;
  readonly owner: string;
  readonly node: string;
  readonly op: OpEvent['op'];
  readonly file: string;
  readonly reclaim: boolean;
  /** Of a program on the node that is not an NFS client. */
  readonly local: boolean;
  readonly mode: LockMode | undefined;
  /** First byte; 0 where the request has no range. */
  readonly start: number;
  /** One past the last byte; Infinity for "to the end of the file" and where the request has no range. */
  readonly end: number;
  readonly invokedAt: number;
  readonly invokeIndex: number;
  /** `pending`: the history ends without a reply. */
  outcome: 'ok' | 'fail' | 'info' | 'pending';
  /** Infinity while pending. */
  repliedAt: number;
  /** -1 while pending. */
  replyIndex: number;
  status: string | undefined;
  value: string | undefined;
  basedOn: string | undefined;
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
      const operation = begun(event, index);
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
    conclude(operation, event, index);
    at[index] = operation;
  }
  return { all, at };
}

function begun(event: OpEvent, index: number): Operation {
  return {
    client: event.client,
    owner: event.owner,
    node: event.node,
    op: event.op,
    file: event.file,
    reclaim: event.reclaim === true,
    local: event.local === true,
    mode: event.mode,
    start: event.span?.start ?? 0,
    end: event.span?.end ?? Number.POSITIVE_INFINITY,
    invokedAt: event.t,
    invokeIndex: index,
    outcome: 'pending',
    repliedAt: Number.POSITIVE_INFINITY,
    replyIndex: -1,
    status: undefined,
    value: event.value,
    basedOn: event.basedOn,
  };
}

function conclude(operation: Operation, event: OpEvent, index: number): void {
  if (event.phase === 'invoke') return;
  operation.outcome = event.phase;
  operation.repliedAt = event.t;
  operation.replyIndex = index;
  operation.status = event.status;
  operation.value = event.value ?? operation.value;
  operation.basedOn = event.basedOn ?? operation.basedOn;
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
export function firstSentFrom(operations: readonly Operation[], t: number): number {
  let low = 0;
  let high = operations.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (operations[middle]!.invokedAt >= t) high = middle;
    else low = middle + 1;
  }
  return low;
}
