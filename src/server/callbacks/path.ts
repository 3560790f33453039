import type { ReferringCalls } from '../../nfs4/callbacks/cb-sequence.ts';
import type { CompoundReply, OperationCall } from '../../nfs4/compound.ts';

/** A way to call a client: the back channel of a session (4.1 and later), or a connection that we make (4.0). */
export interface CallbackPath {
  /** Did the client answer when it was last asked? Nobody gets a delegation who could not be asked to give it back. */
  readonly works: boolean;

  /**
   * Asks the client to do this, and follows it to its end. The results are those of `calls`. Null: not reached before the deadline, or not
   * for now; to be tried again.
   *
   * @param deadlineMs on the server's clock
   * @param referring requests of the client whose replies it may not have yet, and which these operations are about
   */
  call(
    calls: readonly OperationCall[],
    deadlineMs: number,
    referring?: readonly ReferringCalls[],
  ): Promise<CompoundReply | null>;
}
