/** NFS-Ganesha on a directory: no rpcbind, no D-Bus, no other protocol, records in files. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ServerUnderHand } from './server-process.ts';

export interface GaneshaTimes {
  readonly leaseSeconds: number;
  readonly graceSeconds: number;
}

/** Its version, as `V4.3`; null where it is not installed. */
export function ganeshaVersion(): string | null {
  if (!existsSync('/etc/ganesha/vfs.conf')) return null;
  const { stdout, error } = spawnSync('ganesha.nfsd', ['-v'], { encoding: 'utf8' });
  return error === undefined ? (/Release = (\S+)/.exec(stdout)?.[1] ?? null) : null;
}

/** @param directory becomes the place of its export (`/export` to clients), its records and its log */
export function ganesha(directory: string, port: number, times: GaneshaTimes): ServerUnderHand {
  const [exported, records, file] = ['export', 'records', 'ganesha.conf'].map((name) =>
    path.join(directory, name),
  ) as [string, string, string];
  const configure = (wanted: GaneshaTimes) =>
    writeFileSync(file, configuration({ exported, records, port, ...wanted }));
  mkdirSync(exported);
  chmodSync(exported, 0o777);
  mkdirSync(records);
  configure(times);
  return {
    port,
    argv: () => [
      'ganesha.nfsd',
      // In the foreground.
      '-F',
      ...['-f', file],
      ...['-L', path.join(directory, 'ganesha.log')],
      ...['-p', path.join(directory, 'ganesha.pid')],
    ],
    loseRecords: () => {
      rmSync(records, { recursive: true });
      mkdirSync(records);
    },
    // They are names of directories, and a name that means nothing is nobody's record.
    corruptRecords: null,
    setLease: (seconds) => configure({ leaseSeconds: seconds, graceSeconds: seconds }),
  };
}

interface Configuration extends GaneshaTimes {
  readonly exported: string;
  readonly records: string;
  readonly port: number;
}

const configuration = ({ exported, records, port, leaseSeconds, graceSeconds }: Configuration): string => `
NFS_CORE_PARAM {
  NFS_Port = ${port};
  Bind_addr = 127.0.0.1;
  Protocols = 4;
  Enable_NLM = false;
  Enable_RQUOTA = false;
  Enable_UDP = false;
}
NFSv4 {
  Lease_Lifetime = ${leaseSeconds};
  Grace_Period = ${graceSeconds};
  RecoveryBackend = fs;
  RecoveryRoot = "${records}";
  Minor_Versions = 0, 1, 2;
  Only_Numeric_Owners = true;
}
EXPORT {
  Export_ID = 1;
  Path = "${exported}";
  Pseudo = "/export";
  Access_Type = RW;
  Squash = No_Root_Squash;
  Protocols = 4;
  Transports = TCP;
  SecType = sys;
  FSAL { Name = VFS; }
}
`;
