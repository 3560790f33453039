import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import { Cell } from './guarded-cell.ts';
import type { Operation } from './operations.ts';
import type { Judged } from './verdict.ts';
import { atTime, evidence, Findings, ownerWords } from './words.ts';

/** A step in the life of a cell: something was sent, answered, or looked at. */
type CellStep =
  | {
      readonly t: number;
      readonly order: number;
      readonly what: 'sent' | 'answered';
      readonly operation: Operation;
    }
  | {
      readonly t: number;
      readonly order: number;
      readonly what: 'audit';
      readonly value: string;
      readonly index: number;
    };

/**
 * D18: data that is only touched under a lock stays in order. Every write of a cell (a place in a file)
 * writes a value of its own and says which value it was computed from.
 *
 * Found are: a write computed from a value that a finished write had replaced before (a lost update; two
 * writes based on the same value are the usual form), a read under an exclusive lock that returns such a
 * replaced value, and a final content that is not the last write. A write of unknown outcome may have
 * happened or not; both are accepted.
 */
export function guardedData(context: CheckContext): Judged {
  const findings = new Findings('guarded-data');
  const claims = Map.groupBy(
    context.claims.filter(({ mode }) => mode === 'write'),
    ownerOfFile,
  );
  for (const [place, operations] of cellsOf(context)) {
    const lengths = new Set(operations.filter(isWrite).map(({ start, end }) => end - start));
    if (lengths.size > 1) {
      findings.doubt(() => ({
        sentence: `Writes of different lengths at ${place}: their values cannot be told apart.`,
        events: [],
      }));
      continue;
    }
    judgeCell(context, findings, operations, claims);
  }
  return findings.result('No guarded value was read or written.');
}

const isWrite = (operation: Operation): boolean => operation.op === 'write';

/** Cells by place: only those in which at least one write says what it was computed from. */
function cellsOf(context: CheckContext): Map<string, Operation[]> {
  const cells = Map.groupBy(
    context.operations.all.filter(
      (operation) =>
        operation.value !== undefined &&
        (operation.op === 'write' || (operation.op === 'read' && operation.outcome === 'ok')),
    ),
    ({ file, start }) => `${file} at byte ${start}`,
  );
  for (const [place, operations] of cells) {
    if (!operations.some((operation) => isWrite(operation) && operation.basedOn !== undefined))
      cells.delete(place);
  }
  return cells;
}

function judgeCell(
  context: CheckContext,
  findings: Findings,
  operations: readonly Operation[],
  claims: WriteClaims,
): void {
  const cell = new Cell();
  for (const step of stepsOf(context, operations)) {
    if (step.what === 'audit') {
      findings.judged += 1;
      const last = cell.possible();
      if (!cell.explains(step.value, null)) {
        findings.violation(() =>
          evidence(
            context.history,
            `Wrong content at the end: ${operations[0]!.file} holds ${JSON.stringify(step.value)} at ${atTime(step.t)}, but the last write was ${last.map(writeWords).join(' or ')}.`,
            [...last.flatMap(({ invokeIndex, replyIndex }) => [invokeIndex, replyIndex]), step.index],
          ),
        );
      }
      continue;
    }
    const { operation } = step;
    if (step.what === 'sent') cell.sent(operation);
    else if (isWrite(operation)) judgeWrite(context, findings, cell, operation);
    else judgeRead(context, findings, cell, operation, claims);
  }
}

function judgeWrite(context: CheckContext, findings: Findings, cell: Cell, write: Operation): void {
  if (write.outcome === 'ok' && write.basedOn !== undefined) {
    findings.judged += 1;
    if (!cell.explains(write.basedOn, write)) {
      const lost = cell.possible();
      findings.violation(() =>
        evidence(
          context.history,
          `Lost update: ${writeWords(write)}, computed from ${JSON.stringify(write.basedOn)}, although ${lost.map(writeWords).join(' and ')} had replaced that value.`,
          [
            ...lost.flatMap(({ invokeIndex, replyIndex }) => [invokeIndex, replyIndex]),
            write.invokeIndex,
            write.replyIndex,
          ],
          write.repliedAt,
        ),
      );
    }
  }
  cell.answered(write);
}

function judgeRead(
  context: CheckContext,
  findings: Findings,
  cell: Cell,
  read: Operation,
  claims: WriteClaims,
): void {
  if (underExclusiveLock(claims, read)) {
    findings.judged += 1;
    if (!cell.explains(read.value!, read)) {
      const last = cell.possible();
      findings.violation(() =>
        evidence(
          context.history,
          `Stale read under an exclusive lock: ${ownerWords(read)} read ${JSON.stringify(read.value)} from ${read.file} at ${read.node} (${atTime(read.repliedAt)}), but the last write was ${last.map(writeWords).join(' or ')}.`,
          [...last.map(({ replyIndex }) => replyIndex), read.invokeIndex, read.replyIndex],
          read.repliedAt,
        ),
      );
    }
  }
  cell.answered(read);
}

/** Did its owner believe in a write lock over the first byte for all of the read? */
function underExclusiveLock(claims: WriteClaims, read: Operation): boolean {
  const ofOwner = claims.get(ownerOfFile(read)) ?? [];
  return ofOwner.some(
    (claim) =>
      claim.start <= read.start &&
      read.start < claim.end &&
      claim.heldFrom <= read.invokedAt &&
      read.repliedAt <= claim.believedUntil,
  );
}

type WriteClaims = ReadonlyMap<string, readonly Claim[]>;

const ownerOfFile = (of: {
  readonly client: string;
  readonly owner: string;
  readonly file: string;
}): string => `${of.client}\0${of.owner}\0${of.file}`;

function stepsOf(context: CheckContext, operations: readonly Operation[]): CellStep[] {
  const steps: CellStep[] = [];
  for (const operation of operations) {
    steps.push({ t: operation.invokedAt, order: operation.invokeIndex, what: 'sent', operation });
    if (operation.outcome !== 'pending') {
      steps.push({ t: operation.repliedAt, order: operation.replyIndex, what: 'answered', operation });
    }
  }
  const { file, start } = operations[0]!;
  const end = operations.find(isWrite)!.end;
  for (const [index, event] of context.milestones) {
    if (
      event.kind !== 'audit' ||
      event.event !== 'content' ||
      event.file !== file ||
      event.value === undefined
    )
      continue;
    const value = cellText(event.value, start, end);
    steps.push({ t: event.t, order: index, what: 'audit', value, index });
  }
  return steps.sort((a, b) => a.order - b.order);
}

/** The part of a file's content that a cell is, without its padding. */
function cellText(content: string, start: number, end: number): string {
  const bytes = Buffer.from(content);
  return bytes
    .subarray(start, end === Number.POSITIVE_INFINITY ? undefined : end)
    .toString()
    .replace(/\0+$/, '');
}

function writeWords(write: Operation): string {
  const outcome = write.outcome === 'ok' ? `done at ${atTime(write.repliedAt)}` : 'of unknown outcome';
  return `${JSON.stringify(write.value)} by ${ownerWords(write)} at ${write.node} (sent at ${atTime(write.invokedAt)}, ${outcome})`;
}
