/** The options that say which ledger a command is about: a living lab's, or any at all. */
import type { Command } from 'commander';
import type { StoreSpec } from '../../store/open.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { findLab, type LabPlace, listLabs } from '../living/place.ts';
import { type Advice, foreignAdvice, labAdvice } from './advice.ts';
import { beaconBeside, type ForeignLedger, parseStore } from './foreign-ledger.ts';

export interface LedgerOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly store?: string;
  readonly prefix?: string;
  readonly beacon?: string;
  readonly fenceCommand?: string;
}

export const withLedgerOptions = (command: Command): Command =>
  command
    .option('--name <name>', 'which lab')
    .option('--domain <name>', 'which lock domain of the lab, where it has several')
    .option('--store <store>', 'a ledger without a lab: sqlite:PATH, or etcd:http://HOST:PORT[,...]')
    .option('--prefix <prefix>', "with etcd: what the names of the domain's keys begin with")
    .option(
      '--beacon <file>',
      "with etcd: the domain's beacon file, where the shared filesystem is mounted here",
    );

export type PlaceOfLedger =
  | {
      readonly kind: 'lab';
      readonly place: LabPlace;
      readonly domain: string | null;
      /** @param domain where the lab has several */
      advice(domain: string | null): Advice;
    }
  | { readonly kind: 'foreign'; readonly foreign: ForeignLedger; readonly advice: Advice };

/** @throws {Refusal} for options that do not go together, and for a lab that is not there */
export function placeOfLedger(options: LedgerOptions, { env, cwd }: Frame): PlaceOfLedger {
  if (options.store !== undefined) return foreignPlace(options, options.store, cwd);
  for (const option of ['prefix', 'beacon', 'fenceCommand'] as const)
    if (options[option] !== undefined)
      throw wrong(
        `--${dashed(option)} goes with --store; a lab knows where its ledgers are, and how its nodes are ended.`,
      );
  const place = findLab(options.name, env);
  // Whoever did not have to say which lab does not have to be told to.
  const name = options.name !== undefined || listLabs(env).length > 1 ? place.name : null;
  return {
    kind: 'lab',
    place,
    domain: options.domain ?? null,
    advice: (domain) => labAdvice({ name, domain }),
  };
}

function foreignPlace(options: LedgerOptions, store: string, cwd: string): PlaceOfLedger {
  if (options.name !== undefined)
    throw wrong('--name is for a lab, and --store for a ledger without one: leave one of them out.');
  if (options.domain !== undefined)
    throw wrong(
      '--domain is for a lab; of a ledger without one the path, or the prefix, says which domain it is.',
    );
  const spec = parseStore(store, options.prefix, cwd);
  if (spec.kind === 'sqlite' && options.beacon !== undefined)
    throw wrong('--beacon goes with etcd; beside a SQLite ledger the beacon has its own name.');
  return {
    kind: 'foreign',
    foreign: {
      spec,
      beacon: options.beacon ?? beaconBeside(spec),
      fenceCommand: options.fenceCommand ?? null,
    },
    advice: foreignAdvice(typed(spec, options)),
  };
}

/** The options as they would be typed again. */
function typed(spec: StoreSpec, { beacon }: LedgerOptions): string {
  if (spec.kind === 'sqlite') return `--store sqlite:${spec.path}`;
  const etcd = `--store etcd:${spec.endpoints.join(',')} --prefix ${spec.prefix}`;
  return beacon === undefined ? etcd : `${etcd} --beacon ${beacon}`;
}

const dashed = (option: string): string => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const wrong = (sentence: string): Refusal => new Refusal(EXIT.wrongUsage, sentence);
