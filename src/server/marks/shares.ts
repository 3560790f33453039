import type { Errno } from '../filesystem/result.ts';
import type { FileState } from '../state/files.ts';
import { rivalsOf, shareMarks } from './kinds.ts';

/**
 * - `taken`: the others see it from now on. {@link Shares.settle} once it is known what becomes of it.
 * - `conflict`: another node has marks that stand against it; `passing` ones were gone at the second look.
 * - `error`: the board does not answer.
 */
export type MarkOutcome =
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'conflict'; readonly rivals: number }
  | { readonly outcome: 'passing' }
  | { readonly outcome: 'error'; readonly errno: Errno };

const TAKEN: MarkOutcome = { outcome: 'taken' };
/** Somebody who is backing off is waited for by looking again, up to this many times in all. */
const ATTEMPTS = 4;

/**
 * Share reservations and delegations between the nodes of a domain. What clients of this node have is compared in memory
 * (state/files.ts); what this node as a whole has is put up on the domain's board, where the others find it.
 */
export class Shares {
  /** Grant rule, step 2, for an open, or for I/O without one. */
  take(file: FileState, access: number, deny: number): MarkOutcome {
    return this.put(file, shareMarks(access, deny));
  }

  /** The same for any marks. Nothing is left of it unless it is `taken`. */
  put(file: FileState, marks: number): MarkOutcome {
    const board = file.domain.marks;
    const added = marks & ~file.marks;
    // What is up already was tested when it was put up, and has kept the others away since.
    if (board === undefined || added === 0) return TAKEN;
    file.place ??= board.placeOf(file.node);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const errno = board.put(file.place, added);
      if (errno !== null) return { outcome: 'error', errno };
      const found = board.others(file.place, rivalsOf(added));
      if (found.ok && found.value === 0) {
        file.marks |= added;
        return TAKEN;
      }
      board.takeDown(file.place, added);
      if (!found.ok) return { outcome: 'error', errno: found.errno };
      // Two that come at the same time both find the other. Without our own marks in the way: does it stay?
      const standing = board.others(file.place, found.value);
      if (!standing.ok) return { outcome: 'error', errno: standing.errno };
      if (standing.value !== 0) return { outcome: 'conflict', rivals: standing.value };
    }
    return { outcome: 'passing' };
  }

  /** Takes down what nothing here stands for any more. */
  settle(file: FileState): void {
    if (file.marks === 0) return;
    let needed = 0;
    for (const { mark } of file.delegations) needed |= mark;
    for (const { access, deny } of file.opens) {
      needed |= shareMarks(access, deny);
      if ((file.marks & ~needed) === 0) return;
    }
    const board = file.domain.marks;
    if (board === undefined || file.place === null) throw new Error('a file has marks and no board');
    board.takeDown(file.place, file.marks & ~needed);
    file.marks &= needed;
  }
}
