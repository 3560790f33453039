import { DONE, type FsResult, failed } from './result.ts';

/** NAME_MAX. */
const MAX_NAME_BYTES = 255;
/** PATH_MAX without the final NUL. */
const MAX_TARGET_BYTES = 4095;

/**
 * May this be the name of something in a directory? A component and nothing else: `..` or a slash would lead
 * out of the directory, and a NUL would cut the name short on its way to the kernel.
 */
export function checkName(name: string): FsResult<void> {
  if (name === '' || name === '.' || name === '..') return failed('EINVAL');
  if (name.includes('/') || name.includes('\0')) return failed('EINVAL');
  // A lone surrogate would reach the kernel as U+FFFD, so that two names became one.
  if (!name.isWellFormed()) return failed('EILSEQ');
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? failed('ENAMETOOLONG') : DONE;
}

/** May a symbolic link point there? To anywhere: the client follows it, the server never does. */
export function checkTarget(target: string): FsResult<void> {
  if (target === '' || target.includes('\0')) return failed('EINVAL');
  if (!target.isWellFormed()) return failed('EILSEQ');
  return Buffer.byteLength(target) > MAX_TARGET_BYTES ? failed('ENAMETOOLONG') : DONE;
}
