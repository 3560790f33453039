/**
 * Preloaded (`node --import`) into pid 1 of a sandbox that is tied to its caller. File descriptor 3 is one
 * end of a socket whose other end only the caller holds, so its end of file means that the caller is gone,
 * however it went, and then the sandbox has no reason to live.
 *
 * This is the second of two mechanisms. The first is PR_SET_PDEATHSIG, which acts even while this process
 * is busy, but has a gap: a caller that dies before `setpriv` has asked for the signal, or an `unshare` that
 * dies between its fork and its child's request, goes unnoticed. The socket has no gap, but needs an event
 * loop that turns. Only both failing at once would leave a sandbox behind.
 *
 * The caller also speaks over it: a line with a signal's name is raised here as that signal, since a signal
 * sent to the `unshare` in between would not be passed on. Pid 1 gets no default action for signals from
 * the kernel, so the default is done by hand.
 */
import { Socket } from 'node:net';
import { exitStatusOf } from './tools.ts';

const TETHER_FD = 3;

const tether = new Socket({ fd: TETHER_FD, readable: true, writable: true });

function callerIsGone(): void {
  // Not process.exit: handlers of a lab that is no longer wanted must not hold it up. The end of pid 1 ends the sandbox.
  (process as NodeJS.Process & { reallyExit(code: number): never }).reallyExit(exitStatusOf(null, 'SIGHUP'));
}

function raise(signal: string): void {
  const handled = process.emit(signal as 'SIGTERM', signal as 'SIGTERM');
  if (!handled) process.exit(exitStatusOf(null, signal));
}

let unread = '';
tether.setEncoding('utf8');
tether.on('data', (text: string) => {
  const lines = (unread + text).split('\n');
  unread = lines.pop() ?? '';
  for (const line of lines) if (line.startsWith('SIG')) raise(line);
});
tether.on('end', callerIsGone);
tether.on('error', callerIsGone);
tether.on('close', callerIsGone);
// The tether alone does not keep the process going: a script that has finished ends.
tether.unref();
