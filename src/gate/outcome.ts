/** What a request comes to. */
import { constants } from 'node:os';
import type { Errno } from '../server/filesystem/result.ts';

/**
 * - `wait`: not yet: it is tried again until it comes to something else, or whoever asked gives up;
 * - `silence`: the kernel wants no answer.
 */
export type Outcome =
  | { readonly kind: 'reply'; readonly body: Buffer }
  | { readonly kind: 'error'; readonly errno: Errno }
  | { readonly kind: 'wait' }
  | { readonly kind: 'silence' };

const NOTHING = Buffer.alloc(0);

export const OK: Outcome = { kind: 'reply', body: NOTHING };
export const WAIT: Outcome = { kind: 'wait' };
export const SILENCE: Outcome = { kind: 'silence' };
export const reply = (body: Buffer): Outcome => ({ kind: 'reply', body });
export const error = (errno: Errno): Outcome => ({ kind: 'error', errno });

/** As the kernel has it in a reply: minus its number. A handle that nobody gave out is a file that is gone to a program. */
export const errorNumber = (errno: Errno): number =>
  -(errno === 'EBADHANDLE' ? constants.errno.ESTALE : constants.errno[errno]);
