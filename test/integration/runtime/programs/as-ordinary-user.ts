import { spawnSync } from 'node:child_process';

/** `nobody` on most systems; any id that owns nothing will do. */
const ORDINARY = 65534;
const SETPRIV = [`--reuid=${ORDINARY}`, `--regid=${ORDINARY}`, '--clear-groups', '--', process.execPath];

function reasonToSkip(file: string): string | null {
  if (process.getuid?.() !== 0) return 'not root, so the test itself runs as an ordinary user already';
  // Others must be able to read all of the way to the file, and Node.
  const probe = spawnSync('setpriv', [
    ...SETPRIV,
    '-e',
    'fs.accessSync(process.argv[1], fs.constants.R_OK)',
    file,
  ]);
  return probe.status === 0 ? null : 'the checkout cannot be read by an ordinary user';
}

/** Runs a test file that has also run as root once more without root. What it prints is the result. */
export function asOrdinaryUser(file: string): void {
  const reason = reasonToSkip(file);
  if (reason !== null) {
    console.log(`TAP version 14\n1..0 # skip ${reason}`);
    return;
  }
  process.exitCode = spawnSync('setpriv', [...SETPRIV, file], { stdio: 'inherit' }).status ?? 1;
}
