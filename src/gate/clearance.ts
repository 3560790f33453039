import type { Wishes } from '../server/delegations/wishes.ts';
import type { LockDomain } from '../server/domains.ts';
import type { Errno } from '../server/filesystem/result.ts';
import type { FileNode } from '../server/filesystem/types.ts';
import type { Place } from '../server/marks/board.ts';
import { DELEGATIONS, rivalsOf, WANTED_FOR_CHANGE, WANTED_FOR_READING } from '../server/marks/kinds.ts';

/** `clear`: nothing stands against it; `wait`: something does that passes; an error: it does for good. */
export type Clear = 'clear' | Hindrance;
export type Hindrance = 'wait' | Errno;

/** Marks of the deed of somebody who only reads what is there. */
const READING_ONLY = 1;

/**
 * What NFS clients have that binds local programs, and the other way round: share reservations and delegations. The gate has a board of
 * its own (own descriptions of the same files), so that it is one more node to all others, the server of its own node among them: each
 * finds what the other has put up, and recalls what the other wants.
 */
export class Clearance {
  readonly #wishes: Wishes;

  constructor(wishes: Wishes) {
    this.#wishes = wishes;
  }

  /** Puts marks up, where nothing stands against them. EACCES: a client denies that to others (as Linux has NFS4ERR_SHARE_DENIED). */
  show(domain: LockDomain, node: FileNode, marks: number): Clear {
    const board = domain.marks;
    if (board === undefined || marks === 0) return 'clear';
    const place = board.placeOf(node);
    const errno = board.put(place, marks);
    if (errno !== null) return errno;
    const found = board.others(place, rivalsOf(marks));
    if (found.ok && found.value === 0) {
      this.#wishes.fulfil(domain, node);
      return 'clear';
    }
    board.takeDown(place, marks);
    if (!found.ok) return found.errno;
    // Whoever backs off at this very moment is gone at the second look.
    const standing = board.others(place, found.value);
    if (!standing.ok) return standing.errno;
    if ((standing.value & ~DELEGATIONS) !== 0) return 'EACCES';
    return standing.value === 0
      ? 'wait'
      : this.#want(domain, place, marks === READING_ONLY ? WANTED_FOR_READING : WANTED_FOR_CHANGE);
  }

  hide({ marks: board }: LockDomain, node: FileNode, marks: number): void {
    if (board !== undefined && marks !== 0) board.takeDown(board.placeOf(node), marks);
  }

  /**
   * For changes that need no open: truncation, names and attributes (RFC 8881 section 10.4). Delegations are had back first; in grace
   * what could break a reclaim waits (row 36).
   */
  undisturbed(domain: LockDomain, node: FileNode): Clear {
    if (domain.coordination.inGrace()) return 'wait';
    const board = domain.marks;
    if (board === undefined || node.type !== 'regular') return 'clear';
    const anywhere = board.others(board.anywhere, DELEGATIONS);
    if (!anywhere.ok) return anywhere.errno;
    if (anywhere.value === 0) return 'clear';
    const place = board.placeOf(node);
    const found = board.others(place, DELEGATIONS);
    if (!found.ok) return found.errno;
    if (found.value === 0) {
      this.#wishes.fulfil(domain, node);
      return 'clear';
    }
    return this.#want(domain, place, WANTED_FOR_CHANGE);
  }

  #want(domain: LockDomain, place: Place, wanted: number): Clear {
    return this.#wishes.make(domain, place, wanted) ?? 'wait';
  }
}
