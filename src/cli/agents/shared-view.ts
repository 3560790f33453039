import { constants } from 'node:fs';
import { join } from 'node:path';
import type { SharedView } from '../../scenario/audit.ts';
import { findLock } from '../../server/filesystem/record-locks.ts';
import { AT_FDCWD, close, openat, pread } from '../../server/filesystem/syscalls.ts';

/**
 * The lab's own look at the shared filesystem, past every server: its descriptors hold no locks, so the
 * kernel reports every lock of every node to them. Open file description locks, whose closing is harmless.
 *
 * @param sharedDir where the lab sees the shared filesystem
 */
export function openSharedView(sharedDir: string): SharedView {
  const withFile = <T>(file: string, look: (fd: number) => T): T | null => {
    const fd = openat(AT_FDCWD, join(sharedDir, 'export', file), constants.O_RDONLY);
    if (fd < 0) return null;
    try {
      return look(fd);
    } finally {
      close(fd);
    }
  };
  return {
    conflict(file, { start, end }, mode) {
      const span = { start: BigInt(start), end: end === null ? null : BigInt(end) };
      const found = withFile(file, (fd) => findLock(fd, 'description', span, mode));
      if (found === null || typeof found === 'number') return null;
      return {
        start: Number(found.span.start),
        end: found.span.end === null ? null : Number(found.span.end),
      };
    },
    content(file, count) {
      return withFile(file, (fd) => {
        const bytes = Buffer.alloc(count);
        const read = pread(fd, bytes, count, 0n);
        return bytes.toString('utf8', 0, Math.max(0, read));
      });
    },
  };
}
