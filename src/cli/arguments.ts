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

/** For `--failover`: milliseconds, or null for `off`. */
export function durationOrOff(text: string): number | null {
  if (text === 'off') return null;
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new InvalidArgumentError(`${ms.refused}, or off.`);
  return ms;
}

/** `--store`: what the file or the scenario says is the default. */
export const storeOption = (about = 'where the ledger is: a file, or three etcd members (default: sqlite)') =>
  new Option('--store <kind>', about).choices(['sqlite', 'etcd']);
