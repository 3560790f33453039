import type { MinorVersion } from './outcome.ts';
import type { Trial } from './trial.ts';

/** One test of a row, written as if it were alone with the server; restarts are shared with the others (lane.ts). */
export interface RowTest {
  readonly row: number;
  readonly title: string;
  /** Default: 4.1 and 4.2. */
  readonly versions?: readonly MinorVersion[];
  /** It restarts the server. Default false. */
  readonly restarts?: boolean;
  /** It moves the filesystem that it works in to the peer, and brings it back. */
  readonly movesExport?: boolean;
  /** It says something about a second node. */
  readonly needsPeer?: boolean;
  /** It must have the server, and its restarts, for itself: before all others or after them. */
  readonly alone?: 'before' | 'after';
  run(trial: Trial): Promise<void>;
}
