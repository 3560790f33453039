import { SHARE_READ, SHARE_WRITE } from '../state/opens.ts';

/**
 * What a node shows the others of a domain about one file: somebody has it open for this, denies that, has a delegation.
 * A set of bits, and each bit is also the position of a byte on the board (board.ts). Neighbours on purpose: what an open
 * for reading, or for both, has to look for lies in one range, and costs one call.
 */
export const ACCESS_READ = 1 << 0;
export const ACCESS_WRITE = 1 << 1;
export const READ_DELEGATION = 1 << 2;
export const DENY_WRITE = 1 << 3;
export const DENY_READ = 1 << 4;
export const WRITE_DELEGATION = 1 << 5;

export const DELEGATIONS = READ_DELEGATION | WRITE_DELEGATION;

/** What an open with this share reservation puts up. */
export function shareMarks(access: number, deny: number): number {
  let marks = 0;
  if ((access & SHARE_READ) !== 0) marks |= ACCESS_READ;
  if ((access & SHARE_WRITE) !== 0) marks |= ACCESS_WRITE;
  if ((deny & SHARE_READ) !== 0) marks |= DENY_READ;
  if ((deny & SHARE_WRITE) !== 0) marks |= DENY_WRITE;
  return marks;
}

/** What each mark cannot stand beside, when another node has it up (RFC 8881 sections 9.7 and 10.4). Symmetrical. */
const RIVALS: ReadonlyMap<number, number> = new Map([
  [ACCESS_READ, DENY_READ | WRITE_DELEGATION],
  [ACCESS_WRITE, DENY_WRITE | DELEGATIONS],
  [DENY_READ, ACCESS_READ | DELEGATIONS],
  [DENY_WRITE, ACCESS_WRITE | WRITE_DELEGATION],
  [READ_DELEGATION, ACCESS_WRITE | DENY_READ | WRITE_DELEGATION],
  [WRITE_DELEGATION, ACCESS_READ | ACCESS_WRITE | DENY_READ | DENY_WRITE | DELEGATIONS],
]);

export function rivalsOf(marks: number): number {
  let rivals = 0;
  for (const [mark, others] of RIVALS) if ((marks & mark) !== 0) rivals |= others;
  return rivals;
}

/** What a node wants that another one's delegation stands against: to open for reading, or to change. */
export const WANTED_FOR_READING = 1 << 0;
export const WANTED_FOR_CHANGE = 1 << 1;
