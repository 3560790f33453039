import type { ExitStatus } from './exit-status.ts';
import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line may use of the outside; handed in, so that a test can hand in something else. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly env: Environment;
  /** Absolute; relative paths of arguments start here. */
  readonly cwd: string;
  /** A seed for a run whose user named none: 0 to 2^32 - 1. */
  drawSeed(): number;
  /**
   * Asks the person at the terminal for one line. Resolves with null when there comes none (Ctrl-C, Ctrl-D). Null where nobody is there to ask.
   */
  readonly ask: ((question: string) => Promise<string | null>) | null;
}

/** The same for one command, which says through it how it ended. */
export interface Frame extends Surroundings {
  /** Without it the command holds. */
  conclude(status: ExitStatus): void;
}
