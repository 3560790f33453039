import { readEntries } from './directory-page.ts';
import { close } from './syscalls.ts';

export interface Visitor<Dir> {
  /** A descriptor to list the directory with, which the search closes; negative when it cannot be had. */
  openDirectory(dir: Dir): number;
  /** Looks at one entry. `descend`: the directory that it is, if it is one. `stop`: enough seen. */
  visit(dir: Dir, dirFd: number, name: string): { readonly descend: Dir | null; readonly stop: boolean };
}

/**
 * Visits what lies below `root`, near things first, at most `limit` entries. Directories that vanish meanwhile
 * are passed over. True when everything was seen, or the visitor had enough; false when the limit came first.
 */
export function forEachDescendant<Dir>(root: Dir, limit: number, visitor: Visitor<Dir>): boolean {
  const waiting: Dir[] = [root];
  let left = limit;
  for (let dir = waiting.shift(); dir !== undefined; dir = waiting.shift()) {
    const fd = visitor.openDirectory(dir);
    if (fd < 0) continue;
    try {
      for (const { name } of readEntries(fd)) {
        if (left === 0) return false;
        left -= 1;
        const { descend, stop } = visitor.visit(dir, fd, name);
        if (stop) return true;
        if (descend !== null) waiting.push(descend);
      }
    } finally {
      close(fd);
    }
  }
  return true;
}
