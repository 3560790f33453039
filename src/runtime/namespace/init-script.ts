/**
 * What process 1 of a container does before it becomes the container's program: a POSIX shell script, since
 * everything it needs must be done from inside. It ends in `exec`, so the program itself is process 1 and gets
 * the signals, and the wish of `unshare --kill-child` to die with its parent stays with it.
 *
 * Descriptor 3 leads to the lab: the script says its process id, is told when its interface has been plugged
 * in, and says when all is done. Descriptor 4 is the program's stderr; 2 is read by the lab for complaints.
 */
import { escapeField, quote, VOLATILE_DIRECTORIES } from './container-root.ts';
import { bringUpCommands, type Port } from './network.ts';

const VOLATILE_SIZE_MIB = 64;

export interface InitPlan {
  readonly hostName: string;
  readonly port: Port;
  /** The container's storage: directories outside of its root, and where they are to be in it. */
  readonly storage: readonly { readonly source: string; readonly target: string }[];
  /** The containers' root as seen from outside. */
  readonly root: string;
  /** Host paths that a volatile directory covers but programs need: bound into it again. */
  readonly rebinds: readonly string[];
  /** Where the text of `mountTable` lies, outside the containers' root. */
  readonly tablePath: string;
}

/** What the script says on descriptor 3 once the program is about to start. */
export const UP = 'up';

/** The script; the program's argv follows as its arguments. */
export function initScript(plan: InitPlan): string {
  return [
    'set -e',
    // No IPv6 on the lab's network: its neighbour discovery would only add frames that no test asked for. An
    // interface takes the default of its namespace on arrival, so this comes before the lab can plug one in.
    '{ echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; } 2>/dev/null || :',
    // /proc still is the lab's here: it shows this shell under the process id that the lab knows it by.
    'read -r pid rest </proc/self/stat',
    'echo "$pid" >&3',
    `mount -n -a -T ${quote(plan.tablePath)}`,
    // Its own view of the network, where the kernel allows it; most programs never look.
    `mount -n -t sysfs -o ro,nosuid,nodev,noexec sysfs ${quote(`${plan.root}/sys`)} 2>/dev/null || :`,
    `hostname ${plan.hostName} 2>/dev/null || echo ${plan.hostName} >/proc/sys/kernel/hostname`,
    'read -r plugged <&3',
    `ip -batch - <<'COMMANDS'\n${bringUpCommands(plan.port).join('\n')}\nCOMMANDS`,
    // Up only after the change of root: whoever enters the container from then on takes over init's root.
    `exec chroot ${quote(plan.root)} sh -c 'cd / && echo ${UP} >&3 && exec 2>&4 3>&- 4>&- && exec "$@"' init "$@"`,
  ].join('\n');
}

/** What is mounted in each life, as a text of fstab(5), into the root as this life's mount namespace has it. */
export function mountTable(plan: InitPlan): string {
  const inRoot = (path: string) => `${plan.root}${path}`;
  // The names in the first column are this lab's own: `mount -a` takes a filesystem of the same name at the
  // same place, such as the host's, for the one it is to mount, and does nothing.
  const table = [['gracelab-proc', inRoot('/proc'), 'proc', 'nosuid,nodev,noexec']];
  for (const path of VOLATILE_DIRECTORIES) {
    table.push([
      'gracelab-volatile',
      inRoot(path),
      'tmpfs',
      `nosuid,nodev,mode=1777,size=${VOLATILE_SIZE_MIB}m`,
    ]);
  }
  for (const path of plan.rebinds) table.push([path, inRoot(path), 'none', 'rbind,ro,X-mount.mkdir']);
  for (const { source, target } of plan.storage) table.push([source, inRoot(target), 'none', 'bind']);
  return table.map((fields) => `${fields.map(escapeField).join(' ')} 0 0\n`).join('');
}
