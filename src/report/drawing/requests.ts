import type { CheckContext } from '../../check/context.ts';
import type { Operation } from '../../check/operations.ts';
import { type Names, Shapes, us } from './names.ts';

/** All requests of clients, by columns. Times are whole microseconds since the run's origin. */
export interface RequestColumns {
  /**
   * What many requests have in common, each once: client, owner, node that was asked, node that answered, operation, file,
   * mode (0 read, 1 write, null none), reclaim (0, 1), first byte, end (null: of the file), outcome, status (null none).
   * Names by their number in {@link Drawing.names}.
   */
  readonly shapes: readonly (readonly (number | null)[])[];
  /** Which shape each request is of. */
  readonly shape: readonly number[];
  /** When it was asked, as the difference to the one before. */
  readonly asked: readonly number[];
  /** How long the answer took; -1: there was none. */
  readonly took: readonly number[];
  /** `[request, what was written or read]`, where the workload says so. */
  readonly values: readonly (readonly [number, string])[];
}

/** Numbers of the outcomes in a shape. */
const OUTCOMES: readonly Operation['outcome'][] = ['ok', 'fail', 'info', 'pending'];

/** A page with more requests than this would take seconds to open. */
const MOST_REQUESTS = 400_000;
const MOST_VALUES = 20_000;
const LONGEST_VALUE = 60;

/** The numbers of the requests that are drawn, by the index of either of their events. */
export type RequestPlaces = ReadonlyMap<number, number>;

export function requestColumns(
  context: CheckContext,
  operations: readonly Operation[],
  names: Names,
  leftOut: string[],
): { readonly columns: RequestColumns; readonly places: RequestPlaces } {
  const kept = thinned(operations, leftOut);
  const shapes = new Shapes();
  const places = new Map<number, number>();
  const shape: number[] = [];
  const asked: number[] = [];
  const took: number[] = [];
  const values: [number, string][] = [];
  let before = 0;
  for (const [place, operation] of kept.entries()) {
    places.set(operation.invokeIndex, place);
    if (operation.replyIndex >= 0) places.set(operation.replyIndex, place);
    shape.push(shapes.of(shapeOf(context, operation, names)));
    const at = us(operation.invokedAt);
    asked.push(at - before);
    before = at;
    took.push(operation.outcome === 'pending' ? -1 : us(operation.repliedAt) - at);
    if (operation.value !== undefined) values.push([place, shortened(operation.value)]);
  }
  if (values.length > MOST_VALUES)
    leftOut.push(`of ${values.length - MOST_VALUES} requests it is not told what they wrote or read`);
  return {
    columns: { shapes: shapes.all, shape, asked, took, values: values.slice(0, MOST_VALUES) },
    places,
  };
}

function shapeOf(context: CheckContext, operation: Operation, names: Names): (number | null)[] {
  const { client, owner, node, op, file, mode, reclaim, start, end, outcome, status } = operation;
  return [
    names.of(client),
    names.of(owner),
    names.of(node),
    names.of(context.server(operation) ?? node),
    names.of(op),
    names.of(file),
    mode === undefined ? null : Number(mode === 'write'),
    Number(reclaim),
    start,
    Number.isFinite(end) ? end : null,
    OUTCOMES.indexOf(outcome),
    status === undefined ? null : names.of(status),
  ];
}

/** Refusals are what there is too much of: of them every k-th is kept, of all else everything as far as it goes. */
export function thinned(
  operations: readonly Operation[],
  leftOut: string[],
  most = MOST_REQUESTS,
): readonly Operation[] {
  if (operations.length <= most) return operations;
  const refusals = operations.filter(({ outcome }) => outcome === 'fail').length;
  const room = Math.max(0, most - (operations.length - refusals));
  let seen = 0;
  const kept = operations
    .filter(({ outcome }) => {
      if (outcome !== 'fail') return true;
      seen += 1;
      return Math.floor((seen * room) / refusals) > Math.floor(((seen - 1) * room) / refusals);
    })
    .slice(0, most);
  leftOut.push(
    `${operations.length - kept.length} of ${operations.length} requests are not drawn: ${most} are the most, and refusals go first`,
  );
  return kept;
}

const shortened = (value: string): string =>
  value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE - 1)}…`;
