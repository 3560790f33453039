import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';

/** A directory for this test whose path is short enough for sockets in it, wherever the checkout is. */
export function shortDirectory(t: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'gl-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
