/** What the system's word for a failed write means to a person. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such place',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'it is not permitted',
  EPERM: 'it is not permitted',
  EROFS: 'the filesystem is read-only',
  ENOTDIR: 'a file stands in its way',
  EISDIR: 'it is a directory',
  EEXIST: 'something stands in its way',
  EMFILE: 'too many files are open',
};

/** Part of a sentence, without a full stop. */
export function writeFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
