import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../scenario/format/words.ts';

/** A parser for options that take a whole number, both bounds allowed. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

const LONGEST_S = 86_400;

/** For `--lease` and `--grace` of a server of its own. @returns milliseconds */
export function seconds(text: string): number {
  const number = Number(text);
  if (!/^\d+(\.\d{1,3})?$/.test(text) || number === 0 || number > LONGEST_S)
    throw new InvalidArgumentError(`It must be a number of seconds, more than 0 and up to ${LONGEST_S}.`);
  return Math.round(number * 1000);
}

/** For `--failover`: milliseconds, or null for `off`. */
export function durationOrOff(text: string): number | null {
  if (text === 'off') return null;
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new InvalidArgumentError(`${ms.refused}, or off.`);
  return ms;
}

const SHORTEST_SCHEDULE_MS = 1000;
/** A whole run has ten minutes, and may be slower than was guessed. */
const LONGEST_SCHEDULE_MS = 300_000;

function scheduleMs(text: string): number {
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new InvalidArgumentError(`${ms.refused}.`);
  if (ms < SHORTEST_SCHEDULE_MS || ms > LONGEST_SCHEDULE_MS)
    throw new InvalidArgumentError(
      `It must be from ${SHORTEST_SCHEDULE_MS / 1000}s to ${LONGEST_SCHEDULE_MS / 60_000}m.`,
    );
  return Math.round(ms);
}

/** `--for`, of a random schedule: milliseconds. */
export const scheduleLength = (about: string) =>
  new Option('--for <duration>', about).argParser(scheduleMs).default(60_000, '60s');

/** `--store`: what the file or the scenario says is the default. */
export const storeOption = (about = 'where the ledger is: a file, or three etcd members (default: sqlite)') =>
  new Option('--store <kind>', about).choices(['sqlite', 'etcd']);

/** Takes several of something, with commas between; what is named twice counts once. */
export function list<T>(
  flags: string,
  description: string,
  parse: (text: string) => T,
  usual: readonly T[],
): Option {
  return new Option(flags, description)
    .argParser((text): readonly T[] => [...new Set(text.split(',').map((each) => parse(each.trim())))])
    .default(usual, usual.join(','));
}
