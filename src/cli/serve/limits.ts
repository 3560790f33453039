/** Limits of a server as they are typed, and what this machine can give at most. */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { DEFAULT_LIMITS, LIMIT_NAMES, type Limits } from '../../server/limits.ts';

/** Descriptors of the server's own: ledger, beacon, directories at hand. */
const OWN_DESCRIPTORS = 1024;
const FEWEST_STATEIDS = 256;

/** For `--limit NAME=N`, repeatable. */
export function limit(text: string, before: Partial<Limits> = {}): Partial<Limits> {
  const [name, digits = ''] = text.split(/=(.*)/s);
  const known = LIMIT_NAMES.find((each) => each === name);
  if (known === undefined)
    throw new InvalidArgumentError(`It must be NAME=N, and NAME one of ${LIMIT_NAMES.join(', ')}.`);
  if (!/^\d{1,15}$/.test(digits) || Number(digits) < 1)
    throw new InvalidArgumentError(`It must be ${known}=N, and N a whole number from 1 on.`);
  return { ...before, [known]: Number(digits) };
}

export const limitArguments = (limits: Partial<Limits>): string[] =>
  Object.entries(limits).flatMap(([name, value]) => ['--limit', `${name}=${value}`]);

/**
 * The same, and no more state than there are descriptors for, where nobody says otherwise: every lock state and every open file costs one, and a server
 * without any accepts no connection either.
 *
 * @param most descriptors that this process may have
 */
export function affordable(given: Partial<Limits>, most = descriptorsAtMost()): Partial<Limits> {
  const { connections = DEFAULT_LIMITS.connections } = given;
  const left = Math.max(FEWEST_STATEIDS, most - OWN_DESCRIPTORS - connections);
  return { stateids: Math.min(DEFAULT_LIMITS.stateids, left), ...given };
}

/** RLIMIT_NOFILE. Node raises the soft limit to the hard one when it starts. */
function descriptorsAtMost(): number {
  const [, , hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  const most = Number(hard);
  return Number.isNaN(most) ? Number.MAX_SAFE_INTEGER : most;
}
