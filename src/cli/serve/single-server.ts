/** The composition root of a server of its own: one lock domain, one node, no lab around it. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { asNodeId } from '../../core/ids.ts';
import { BootRefusedError } from '../../server/boot.ts';
import { tcpDialBack } from '../../server/callbacks/tcp-dial.ts';
import { Coordinator, type CoordinatorOptions } from '../../server/coordinator.ts';
import { ExportPolicy } from '../../server/exports.ts';
import { Beacon } from '../../server/filesystem/beacon.ts';
import { type CallerRights, KernelRights, OWN_RIGHTS } from '../../server/filesystem/caller-rights.ts';
import { ExportedFilesystem } from '../../server/filesystem/filesystem.ts';
import { RangeLocks } from '../../server/filesystem/range-locks.ts';
import { LockServer } from '../../server/server.ts';
import { openDomainStore } from '../../store/open.ts';
import type { DomainStore } from '../../store/store.ts';
import { CONTROL_FILES, handleKey } from '../agents/control-directory.ts';
import { systemClock } from '../agents/surroundings.ts';
import { bootVerifier, listenAt, scopeOf } from '../server-identity.ts';
import { affordable } from './limits.ts';
import type { ServeOrder } from './order.ts';

const NODE = asNodeId('server');
const BEACON_POLL_MS = 1000;
/** A local disk that has not answered for so long has failed. */
const STORE_PATIENCE_MS = 30_000;
/** A planned stop that takes longer is none any more: the process ends, and its records say what is to be reclaimed. */
const STOP_MS = 5_000;

export interface Teller {
  /** Something happened, in one line. */
  tell(line: string): void;
  /** Something is not as it should be, in half a sentence. */
  warn(problem: string): void;
  /** This life is over, and with it the server: one sentence. */
  end(sentence: string): void;
}

export interface SingleServer {
  readonly address: string;
  readonly port: number;
  readonly incarnation: number;
  /** Lets go of all locks, in grace, so that nobody gets them before their owners are back. */
  stop(): Promise<void>;
}

/**
 * @param graceMs at least that of the order
 * @throws Error one sentence: why it cannot serve
 */
export async function startSingleServer(
  order: ServeOrder,
  graceMs: number,
  teller: Teller,
): Promise<SingleServer> {
  const { state, leaseMs, exportName } = order;
  const key = handleKey(state, randomBytes);
  const rights = rightsFor(order, teller);
  const filesystem = new ExportedFilesystem({
    exportDir: order.directory,
    handleKey: key,
    rights,
    readOnly: order.readOnly,
  });
  // Every grant is an event: nothing is to be put into words that nobody reads.
  const observe = order.verbose ? (event: object) => teller.tell(lineOf(event)) : () => {};
  const store = await openLedger(state);
  const coordination = await bootAlone(
    {
      node: NODE,
      foundingMembers: [NODE],
      beaconProvesDeath: true,
      store,
      beacon: Beacon.open(path.join(state, CONTROL_FILES.beacon)),
      clock: systemClock,
      leaseMs,
      graceMs,
      beaconPollMs: BEACON_POLL_MS,
      failoverMs: null,
      addresses: { carry: () => {} },
      fencer: null,
      fenceAfterMs: null,
      storePatienceMs: STORE_PATIENCE_MS,
      mutants: new Set(),
      observe,
      observeSwap: (command, { ledger }) =>
        observe({ event: 'ledger', command, view: ledger.view, epoch: ledger.epoch }),
      onBootWaiting: (problem) => teller.warn(`waiting: ${problem}`),
      onFenced: (reason) => teller.end(`this server ends: ${reason}.`),
    },
    state,
  );
  const name = exportName ?? 'export';
  const server = new LockServer({
    domains: [{ name, filesystem, locks: new RangeLocks(filesystem), coordination }],
    root: exportName === null ? 'export' : 'domains',
    clock: systemClock,
    observe,
    leaseMs,
    serverOwner: { major: `gracelab/${scopeOf([{ name: 'owner', handleKey: key }])}`, minor: 0n },
    serverScope: scopeOf([{ name, handleKey: key }]),
    bootVerifier: bootVerifier(coordination.incarnation),
    // Every conflict comes by this process, but for those with local programs, whose lock the kernel refuses.
    courtesy: 'until-conflict',
    delegations: order.delegations,
    dialBack: tcpDialBack(systemClock),
    exports: new ExportPolicy(order),
    limits: affordable(order.limits),
    rights,
  });
  const close = async () => {
    await server.close();
    coordination.close();
    await store[Symbol.asyncDispose]();
  };
  try {
    const bound = await listenAt(server, order.address, order.port);
    const { incarnation } = coordination;
    return {
      ...bound,
      incarnation,
      stop: async () => {
        await inTime(coordination.leave(() => server.releaseAllState()));
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws Error one sentence */
async function openLedger(state: string): Promise<DomainStore> {
  const file = path.join(state, CONTROL_FILES.ledger);
  try {
    return await openDomainStore({ kind: 'sqlite', path: file }, systemClock);
  } catch (error) {
    const why = (error as Error).message.replace(/\.$/, '');
    throw new Error(
      `${file} cannot be opened (${why}): restore it, or remove it, and nobody reclaims what it had before.`,
      { cause: error },
    );
  }
}

/** @throws Error one sentence; what a boot says to a node of a cluster is no help here */
async function bootAlone(options: CoordinatorOptions, state: string): Promise<Coordinator> {
  try {
    return await Coordinator.boot(options);
  } catch (error) {
    if (!(error instanceof BootRefusedError)) throw error;
    throw new Error(`another server has the state in ${state}: stop it first, or name another --state.`, {
      cause: error,
    });
  }
}

/** Whoever is not root can act as nobody else: it serves everybody with its own rights, and judges by the mode bits. */
function rightsFor({ anonymousUid, anonymousGid }: ServeOrder, teller: Teller): CallerRights {
  const uid = process.geteuid?.();
  try {
    if (uid === 0) return new KernelRights({ uid: anonymousUid, gid: anonymousGid });
  } catch {
    // Root of a user namespace that has no other users.
  }
  teller.warn(`this server cannot act as other users: everything is done as user ${uid}`);
  return OWN_RIGHTS;
}

async function inTime(departure: Promise<void>): Promise<void> {
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = systemClock.after(STOP_MS, resolve);
  });
  await Promise.race([departure, late]);
  cancel();
}

/** `grant client=alice file=a.txt`: the event, then what it is about. */
function lineOf(event: object): string {
  const { event: name, kind: _, ...rest } = event as { event: string; kind?: string };
  const details = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [name, ...details].join(' ');
}
