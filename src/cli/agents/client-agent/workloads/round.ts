/** What the workloads have in common: one round, what it may do, and what is counted of it. */
import type { NfsFile } from '../../../../client/nfs-file.ts';
import type { ByteSpan, LockMode } from '../../../../history/events.ts';
import type { Draw } from '../../../../scenario/random/draw.ts';
import type { GuardedCells } from '../guarded-cells.ts';

export interface Round {
  readonly file: NfsFile;
  readonly cells: GuardedCells;
  /** What the loop was started with. */
  readonly range: ByteSpan;
  readonly mode: LockMode;
  /** The same choices for the same seed, as long as the server gives the same answers. */
  readonly draw: Draw;
  /** Of each request: a loop whose server is down can be stopped soon all the same. */
  readonly timeoutMs: number;
  stopping(): boolean;
  /** Asks for a lock, once, and counts what came of it. @param waits asks again while another one holds it, for a lease */
  take(span: ByteSpan, mode: LockMode, waits?: boolean): Promise<Taken>;
  release(span: ByteSpan): Promise<void>;
  /** For what is neither asked for nor let go with `take` and `release`. */
  count(status: string): void;
  /** Lets some time pass with whatever is held; none when the loop is being stopped. */
  keep(): Promise<void>;
  /** What a client must not do (src/client/overstep.ts), about this file, by an owner of its own. */
  readonly overstepping: {
    now(): Promise<void>;
    /** When the server has lost its state next. @param lingers goes on reclaiming for as long as it is let */
    inRecovery(lingers: boolean): void;
  };
}

export interface Taken {
  readonly granted: boolean;
  /** The request reached the server. */
  readonly asked: boolean;
}

/** What a loop does over and over. Nothing is held any more at the end of a round, as far as the client knows. */
export type Workload = (round: Round) => Promise<Taken>;

/** A range without an end is taken to have this one. */
const OPEN_ENDED_BYTES = 64;

export const endOf = ({ start, end }: ByteSpan): number => end ?? start + OPEN_ENDED_BYTES;

/** A part of the range, anywhere in it. */
export function somewhere(range: ByteSpan, draw: Draw): { start: number; end: number } {
  const start = draw.between(range.start, endOf(range) - 1);
  return { start, end: draw.between(start + 1, endOf(range)) };
}

export const anyMode = (draw: Draw): LockMode => (draw.chance(0.5) ? 'read' : 'write');
