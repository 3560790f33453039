import { readlinkSync } from 'node:fs';
import { enterArgv } from '../../runtime/namespace/container.ts';
import { initOf, type SandboxIdentity } from '../../runtime/namespace/sandbox.ts';

const namespaceOf = (pid: number | 'self', kind: string): string => readlinkSync(`/proc/${pid}/ns/${kind}`);

/** The command that starts the program behind it in the namespaces of a sandbox; null when the sandbox is gone. */
export function enterSandboxArgv(identity: SandboxIdentity): string[] | null {
  const init = initOf(identity);
  if (init === null) return null;
  // `--root`: in a chroot the mount namespace's root is not ours.
  // As an ordinary user the sandbox has a user namespace, whose root we are; credentials are set by its map already.
  const isOtherUser = namespaceOf(init, 'user') !== namespaceOf('self', 'user');
  const user = isOtherUser ? ['--user', '--preserve-credentials'] : [];
  return enterArgv(init, user);
}
