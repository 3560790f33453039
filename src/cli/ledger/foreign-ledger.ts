/** The ledger of any lock domain, reached through its store: no lab is needed, and none of its nodes has to be up. */
import { closeSync, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { commandFencer } from '../../runtime/command-fencer.ts';
import { openDomainStore, type StoreSpec } from '../../store/open.ts';
import { CONTROL_FILES } from '../agents/control-directory.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Environment } from '../frame.ts';
import { isLit } from '../operator/operators-desk.ts';
import { attemptRepair } from './attempt.ts';
import type { LedgerDesk } from './desk.ts';
import { orRefuse } from './ledger-errors.ts';
import { type DomainDesk, lookAt } from './looking.ts';

export interface ForeignLedger {
  readonly spec: StoreSpec;
  /** The domain's beacon file, where it can be reached from here. */
  readonly beacon: string | null;
  /** A shell command that ends a life for certain; called with node and incarnation behind it. */
  readonly fenceCommand: string | null;
}

export interface ForeignSurroundings {
  readonly clock: Clock;
  readonly env: Environment;
}

/**
 * @param store `sqlite:PATH` or `etcd:ENDPOINT[,ENDPOINT...]`
 * @param cwd relative paths start here
 * @throws {Refusal} wrong usage
 */
export function parseStore(store: string, prefix: string | undefined, cwd: string): StoreSpec {
  const [, kind, rest = ''] = /^(sqlite|etcd):(.+)$/.exec(store) ?? [];
  if (kind === 'sqlite') {
    if (prefix !== undefined) throw wrong('--prefix goes with etcd; a SQLite file holds one ledger.');
    return { kind, path: resolve(cwd, rest) };
  }
  if (kind === 'etcd') {
    if (prefix === undefined)
      throw wrong(
        "say with --prefix what the names of the domain's keys begin with, like --prefix gracelab/shared.",
      );
    const endpoints = rest.split(',').map((one) => (/^https?:\/\//.test(one) ? one : `http://${one}`));
    return { kind, endpoints, prefix };
  }
  throw wrong(`"${store}" is no store: write sqlite:PATH, or etcd:http://HOST:PORT[,...] with --prefix.`);
}

/** A SQLite ledger lies in the domain's control directory, beside the beacon. */
export const beaconBeside = (spec: StoreSpec): string | null =>
  spec.kind === 'sqlite' ? join(dirname(spec.path), CONTROL_FILES.beacon) : null;

/** @throws {Refusal} when there is no such ledger, or its store does not answer */
export async function openForeignLedger(
  { spec, beacon, fenceCommand }: ForeignLedger,
  { clock, env }: ForeignSurroundings,
): Promise<LedgerDesk> {
  if (spec.kind === 'sqlite') refuseUnlessSqlite(spec.path);
  const store = await orRefuse(() => openDomainStore(spec, clock));
  const fencer =
    fenceCommand === null ? null : commandFencer(['sh', '-c', `${fenceCommand} "$@"`, 'sh'], { clock, env });
  const desk: DomainDesk = {
    domain: null,
    spec,
    store,
    clock,
    fencer,
    fencerKind: fencer === null ? null : 'command',
    beaconLit: (slot) => (beacon === null || !isKnownHere(beacon) ? null : isLit(beacon, slot)),
  };
  return {
    look: () => orRefuse(() => lookAt(desk)),
    attempt: (repair) => orRefuse(() => attemptRepair(desk, repair)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** To open a store founds it where there is none, and whoever mistypes a path wants no new ledger there. */
function refuseUnlessSqlite(path: string): void {
  const header = Buffer.alloc(16);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, header, 0, header.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw wrong(`there is no ledger at ${path} (${(error as NodeJS.ErrnoException).code}).`);
  }
  if (header.toString('latin1') !== 'SQLite format 3\0')
    throw wrong(`${path} is no SQLite file, so there is no ledger in it.`);
}

/** NFS, SMB (both), 9p: https://man7.org/linux/man-pages/man2/statfs.2.html. */
const OTHER_KERNELS: ReadonlySet<number> = new Set([0x6969, 0xff534d42, 0xfe534d42, 0x01021997]);

/**
 * Not so on a filesystem that reaches here over a network: those locks are kept by another kernel, and this one may not know them, so
 * that nothing is proven by what it says.
 */
const isKnownHere = (beacon: string): boolean =>
  existsSync(beacon) && !OTHER_KERNELS.has(statfsSync(beacon).type) && isBeaconFile(beacon);

/** In any other file that was named by mistake nobody is alive. Beacons are locks beyond the end of an empty file, which nobody writes. */
function isBeaconFile(path: string): boolean {
  const found = statSync(path);
  return found.isFile() && found.size === 0;
}

const wrong = (sentence: string): Refusal => new Refusal(EXIT.wrongUsage, sentence);
