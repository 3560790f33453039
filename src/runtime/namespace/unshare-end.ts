/** How a program that was started through `unshare --fork` ended, told apart from `unshare`'s own troubles. */
import type { ChildProcess } from 'node:child_process';

export interface UnshareEnd {
  /** Exit status of the program; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What `unshare` itself had to say, one line; empty unless the namespaces were refused. */
  readonly complaint: string;
}

/** `unshare` says a line or two; whatever is beyond this is not kept. */
const MAX_COMPLAINT_CHARS = 4096;

/**
 * `unshare` waits for its child and dies the same death. Up to util-linux 2.39 it fails to do so after a SIGKILL:
 * it first tries to reset the signal's action, which is refused for SIGKILL, complains
 * "sigprocmask unblock failed" and exits with 1. That is read here as what it means.
 *
 * @param child an `unshare` whose stderr is a pipe that its program does not write to.
 */
export function watchUnshare(child: ChildProcess): Promise<UnshareEnd> {
  let text = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => {
    if (text.length < MAX_COMPLAINT_CHARS) text += chunk;
  });
  const heard = new Promise<void>((resolve) => {
    if (child.stderr === null) resolve();
    else child.stderr.once('close', resolve);
  });
  const exited = new Promise<Omit<UnshareEnd, 'complaint'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return Promise.all([exited, heard]).then(([end]) => {
    if (text.includes('sigprocmask unblock failed')) return { code: null, signal: 'SIGKILL', complaint: '' };
    return { ...end, complaint: text.trim().split('\n')[0] ?? '' };
  });
}
