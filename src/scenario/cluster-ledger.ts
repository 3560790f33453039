/** What faults can do to the ledgers of a cluster on a lab. A ledger is a file on a shared filesystem, or a cluster of etcd in containers of its own. */
import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { BreakableNode } from '../faults/fault.ts';
import type { LedgerOfLab } from '../faults/ledger-access.ts';
import type { Lab } from '../runtime/runtime.ts';
import { hasSeveralDomains } from './cluster-shape.ts';
import { raiseSpaceAlarm } from './etcd-alarm.ts';
import { LEDGER_FILE } from './node-configuration.ts';
import type { ClusterShape } from './scenario.ts';
import type { StoreMember } from './store-member.ts';

/** Keeps everybody else from writing to a ledger's file for a while. */
export interface LedgerHold {
  hold(): void;
  release(): void;
  close(): void;
}

type Undo = () => Promise<void>;

/** How the lab gets at what is under its ledgers: files and members of its own, where nothing else is said. */
export interface LedgerAccess {
  /** Nobody gets at the file until it is undone; it comes back as it was. */
  readonly takeAway: (file: string) => Undo;
  /** The members refuse to write until it is undone. */
  readonly raiseAlarm: (endpoints: readonly string[], clock: Clock) => Promise<Undo>;
}

const REAL_ACCESS: LedgerAccess = {
  takeAway(file) {
    renameSync(file, `${file}.away`);
    // Whoever boots meanwhile must not make another one in its place: an empty directory cannot be opened as a file.
    mkdirSync(file);
    return async () => {
      rmdirSync(file);
      renameSync(`${file}.away`, file);
    };
  },
  raiseAlarm: raiseSpaceAlarm,
};

export interface ClusterLedgerOptions {
  readonly lab: Lab;
  readonly shape: ClusterShape;
  readonly clock: Clock;
  /** Members of the etcd cluster; none where the ledgers are files. */
  readonly stores: () => readonly StoreMember[];
  /** Everybody who reads the ledger. */
  readonly nodes: () => readonly string[];
  /** Opens a ledger's file; null: the lab has no way to. */
  readonly openHold: ((file: string) => LedgerHold) | null;
  readonly access?: LedgerAccess | undefined;
}

/** A ledger as the target of a fault: a name, and nothing that lives. */
export function ledgerTarget(name: string): BreakableNode {
  const refuse = async (): Promise<never> => {
    throw new Error(`"${name}" is a ledger, which has no life that could end`);
  };
  return {
    name,
    running: true,
    powerCut: refuse,
    kill: refuse,
    stop: refuse,
    pause: refuse,
    resume: refuse,
    start: refuse,
  };
}

/** All of them. */
const EVERY = 'ledger';
/** Between two accesses that are held up; long enough for one that waits to come through. */
const BREATH_MS = 10;

export class ClusterLedger implements LedgerOfLab {
  readonly #options: ClusterLedgerOptions;

  constructor(options: ClusterLedgerOptions) {
    this.#options = options;
  }

  get #access(): LedgerAccess {
    return this.#options.access ?? REAL_ACCESS;
  }

  get names(): readonly string[] {
    const { shape } = this.#options;
    return hasSeveralDomains(shape) ? [EVERY, ...shape.domains.map(({ name }) => name)] : [EVERY];
  }

  async slow(names: readonly string[], delayMs: number): Promise<Undo> {
    const { openHold } = this.#options;
    const stores = this.#options.stores();
    if (stores.length > 0)
      return this.#alternate(
        delayMs,
        () => Promise.all(stores.map((store) => store.pause())),
        () => Promise.all(stores.map((store) => store.resume())),
      );
    if (openHold === null) throw new Error('this lab does not get at its own ledger');
    const holds = this.#filesOf(names).map(({ file }) => openHold(file));
    const undo = this.#alternate(
      delayMs,
      async () => {
        for (const hold of holds) hold.hold();
      },
      async () => {
        for (const hold of holds) hold.release();
      },
    );
    return async () => {
      await undo();
      for (const hold of holds) hold.close();
    };
  }

  async lose(names: readonly string[]): Promise<Undo> {
    const { lab, nodes } = this.#options;
    const stores = this.#options.stores();
    if (stores.length > 0) {
      const members = stores.map(({ name }) => name);
      const partition = await lab.partition(nodes(), members, { direction: 'both' });
      return () => partition.heal();
    }
    const undo = this.#filesOf(names).map(({ file }) => this.#access.takeAway(file));
    return async () => {
      for (const one of undo) await one();
    };
  }

  async fill(names: readonly string[]): Promise<Undo> {
    const { lab, clock } = this.#options;
    const stores = this.#options.stores();
    const endpoints = stores.map(({ endpoint }) => endpoint);
    if (stores.length > 0) return this.#access.raiseAlarm(endpoints, clock);
    if (lab.fill === undefined) throw new Error('this lab cannot fill its shared filesystem');
    const undo: Undo[] = [];
    for (const { filesystem } of this.#filesOf(names)) undo.push(await lab.fill(filesystem));
    return async () => {
      for (const one of undo) await one();
    };
  }

  /** Held, let go for a moment, held again. */
  #alternate(delayMs: number, hold: () => Promise<unknown>, release: () => Promise<unknown>): Undo {
    const { clock } = this.#options;
    const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    let over = false;
    const turning = (async () => {
      while (!over) {
        await hold();
        await pause(delayMs);
        await release();
        await pause(BREATH_MS);
      }
    })();
    turning.catch(() => {});
    return async () => {
      over = true;
      await turning;
    };
  }

  #filesOf(
    names: readonly string[],
  ): readonly { readonly file: string; readonly filesystem: string | null }[] {
    const { lab, shape } = this.#options;
    if (!hasSeveralDomains(shape)) return [{ file: join(lab.sharedDir, LEDGER_FILE), filesystem: null }];
    const chosen = shape.domains.filter(({ name }) => names.includes(EVERY) || names.includes(name));
    return chosen.map(({ name }) => ({ file: join(lab.sharedDirOf(name), LEDGER_FILE), filesystem: name }));
  }
}
