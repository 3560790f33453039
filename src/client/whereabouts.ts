/**
 * Which server each file is to be asked for at. A filesystem may move to another one (RFC 8881 section 11.11): its old server answers MOVED to
 * everything in it, says with SEQUENCE that a lease has moved, and with fs_locations where to. What the client has there waits from the
 * moment at which it hears of that until all is reclaimed at the new one; files of other filesystems notice nothing.
 */
import type { Clock, Random } from '../core/clock.ts';
import { NFS4ERR_MOVED } from '../nfs4/status.ts';
import type { Association } from './association.ts';
import { type FileState, splitPath } from './file-state.ts';
import { Filesystem } from './filesystem.ts';
import { type Location, locate, statusOf } from './location.ts';
import { isTransient } from './recovery-rules.ts';
import { Relocation } from './relocation.ts';
import type { ServerAddress } from './server-address.ts';
import type { Session } from './session.ts';
import { backoffMs } from './timing.ts';
import type { Underway } from './underway.ts';
import { Changes, type DeadlineMs, NEVER_MS, sleep } from './waiting.ts';

export interface WhereaboutsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The server that the client was made for. */
  readonly home: Association;
  /** The client's dealings with this server, which begin now if there have been none. */
  readonly associate: (address: ServerAddress) => Association;
  /** All files that are open, or were and will be again. */
  readonly files: () => Iterable<FileState>;
  readonly underway: Underway;
}

/** Where requests about a file can be sent now. */
export interface Standing {
  readonly filesystem: Filesystem;
  readonly association: Association;
  readonly session: Session;
  /** {@link Filesystem.departures} */
  readonly departures: number;
}

const ROOT = '';
const within = (directory: string, root: string): boolean =>
  root === ROOT || directory === root || directory.startsWith(`${root}/`);
const directoryOf = (path: string): string => splitPath(path).directories.join('/');
const namesIn = (directory: string): string[] => (directory === ROOT ? [] : directory.split('/'));

export class Whereabouts {
  readonly #options: WhereaboutsOptions;
  readonly #changes: Changes;
  /** By the directories that lead to it. */
  readonly #filesystems: Map<string, Filesystem>;
  /** Directories that a server has answered MOVED for, until it has said what has moved. */
  readonly #inQuestion = new Set<string>();
  /** Servers that are being asked which filesystem has moved. */
  readonly #searches = new Map<Association, Promise<void>>();
  /** What came of the latest time. */
  readonly #searched = new Map<Association, { beganAtMs: number; endedAtMs: number; found: boolean }>();
  #stopped = false;

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
    this.#changes = new Changes(options.clock);
    this.#filesystems = new Map([[ROOT, new Filesystem([], options.home)]]);
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Everything is where it is believed to be, as far as anybody has heard. */
  get settled(): boolean {
    const filesystems = [...this.#filesystems.values()];
    return (
      this.#inQuestion.size === 0 &&
      this.#searches.size === 0 &&
      filesystems.every(({ presence }) => presence === 'here')
    );
  }

  /** Resolves false when it is not so by the deadline, or the client has stopped. */
  async untilSettled(deadlineMs: DeadlineMs): Promise<boolean> {
    if (this.settled) return !this.#stopped;
    await this.#changes.until(() => this.settled || this.#stopped, deadlineMs);
    return this.settled && !this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    this.#changes.wake();
  }

  /** Where the filesystem of this file is; while it moves, where it was. */
  associationOf(path: string): Association {
    return this.#filesystemOf(path).association;
  }

  /** Servers with files that are open; without any, where one would be opened. */
  inUse(): Association[] {
    const used = new Set<Association>();
    for (const { path } of this.#options.files()) used.add(this.associationOf(path));
    if (used.size === 0) used.add(this.#filesystems.get(ROOT)!.association);
    return [...used];
  }

  /** What this server has of the client, or is to give back to it. What is on its way elsewhere is not among it. */
  *filesAt(association: Association): Generator<FileState> {
    for (const file of this.#options.files()) {
      const filesystem = this.#filesystemOf(file.path);
      if (filesystem.association === association && filesystem.presence !== 'leaving') yield file;
    }
  }

  /** Can a stateid of this file be asked about where it is? */
  isUsable(path: string): boolean {
    return this.#filesystemOf(path).presence === 'here' && !this.#isInQuestion(path);
  }

  /** As soon as the file can be used where it is; null when the time is up or the client stopped. */
  async ready(path: string, deadlineMs: DeadlineMs): Promise<Standing | null> {
    for (;;) {
      if (!this.isUsable(path)) {
        await this.#changes.until(() => this.#stopped || this.isUsable(path), deadlineMs);
        if (!this.isUsable(path)) return null;
      }
      const filesystem = this.#filesystemOf(path);
      const { association, departures } = filesystem;
      const session = await association.keeper.ready(deadlineMs);
      if (session === null) return null;
      const standing = { filesystem, association, session, departures };
      if (this.isStill(path, standing)) return standing;
    }
  }

  /** Is the file where it was, all the time, and is nothing known to the contrary? */
  isStill(path: string, { filesystem, departures }: Standing): boolean {
    return (
      this.#filesystemOf(path) === filesystem && filesystem.departures === departures && this.isUsable(path)
    );
  }

  /** The server answered MOVED to a request about this file, which it was believed to have. From here on such requests wait. */
  moved(path: string, association: Association): void {
    this.#question(directoryOf(path), association);
  }

  /** The server said that some lease has moved, in the answer to a request that was sent then. */
  leaseMoved(association: Association, sentAtMs: number): void {
    const last = this.#searched.get(association);
    // The flag stays up until the server has been asked about everything, so it says the same again and again meanwhile.
    if (last !== undefined && sentAtMs < last.beganAtMs) return;
    if (
      [...this.#inQuestion].some((directory) => this.#filesystemWith(directory).association === association)
    )
      return;
    // And for longer, if it means something that the client does not use any more.
    const restMs = association.timing.renewEveryMs;
    if (last !== undefined && !last.found && this.#options.clock.nowMs() - last.endedAtMs < restMs) return;
    void this.search(association);
  }

  /**
   * A lease has moved from this server: which filesystem is gone is asked for each that is in use there (section 18.46.3). Resolves when that is known;
   * where to may still have to be asked.
   */
  search(association: Association): Promise<void> {
    const underway = this.#searches.get(association);
    if (underway !== undefined) return underway;
    const { clock } = this.#options;
    const beganAtMs = clock.nowMs();
    const search = this.#search(association).then((found) => {
      this.#searches.delete(association);
      this.#searched.set(association, { beganAtMs, endedAtMs: clock.nowMs(), found });
      this.#changes.wake();
    });
    this.#searches.set(association, search);
    return search;
  }

  /** Resolves when it is known what has moved from there, if that is being asked. */
  async searched(association: Association): Promise<void> {
    await this.#searches.get(association);
  }

  async #search(association: Association): Promise<boolean> {
    let found = false;
    const directories = new Set(Array.from(this.filesAt(association), ({ path }) => directoryOf(path)));
    for (const directory of directories) {
      const isStill = this.#stay(directory, association);
      if ((await this.#statusOf(directory, association, isStill)) !== NFS4ERR_MOVED || !isStill()) continue;
      found = true;
      this.#question(directory, association);
    }
    return found;
  }

  /** What is on its way is answered DELAY, until it is somewhere. */
  async #statusOf(directory: string, { keeper, timing }: Association, isStill: () => boolean) {
    const { clock, random } = this.#options;
    for (let repetition = 0; ; repetition += 1) {
      const { session } = keeper;
      if (session === null || !isStill()) return null;
      const status = await statusOf(session, namesIn(directory));
      if (status === null || !isTransient(status)) return status;
      await sleep(clock, backoffMs(timing.retry, repetition, random));
    }
  }

  #question(directory: string, association: Association): void {
    const isStill = this.#stay(directory, association);
    if (!isStill() || this.#inQuestion.has(directory)) return;
    this.#inQuestion.add(directory);
    void this.#ask(directory, association).then((location) => {
      this.#inQuestion.delete(directory);
      // Another directory of the same filesystem may have been answered first.
      if (location !== null && isStill()) this.#follow(this.#filesystemAt(directory, location), location);
      this.#changes.wake();
    });
  }

  /** Until the server says it, however long that takes; null when the client stopped. */
  async #ask(directory: string, association: Association): Promise<Location | null> {
    const { clock, random } = this.#options;
    for (let repetition = 0; ; repetition += 1) {
      const session = await association.keeper.ready(NEVER_MS);
      if (session === null) return null;
      const location = await locate(session, namesIn(directory), association.address.port);
      if (location !== null) return location;
      await sleep(clock, backoffMs(association.timing.retry, repetition, random));
    }
  }

  /** What is told apart for the first time has been part of another one so far; what a server does not tell apart stays so once it has been. */
  #filesystemAt(directory: string, { root }: Location): Filesystem {
    const whole = this.#filesystemWith(directory);
    if (root.length <= whole.root.length) return whole;
    const part = new Filesystem(root, whole.association);
    this.#filesystems.set(root.join('/'), part);
    return part;
  }

  #follow(filesystem: Filesystem, { servers }: Location): void {
    const relocation = new Relocation({
      ...this.#options,
      filesystem,
      about: (path) => this.#filesystemOf(path) === filesystem,
      onChange: () => this.#changes.wake(),
    });
    void relocation.run(servers);
  }

  /** Tells, then and later, whether this directory is at that server, and has been since. */
  #stay(directory: string, association: Association): () => boolean {
    const filesystem = this.#filesystemWith(directory);
    const { departures } = filesystem;
    return () =>
      filesystem.association === association &&
      filesystem.presence === 'here' &&
      filesystem.departures === departures &&
      this.#filesystemWith(directory) === filesystem;
  }

  #isInQuestion(path: string): boolean {
    return this.#inQuestion.size > 0 && this.#inQuestion.has(directoryOf(path));
  }

  #filesystemOf(path: string): Filesystem {
    return this.#filesystems.size === 1
      ? this.#filesystems.get(ROOT)!
      : this.#filesystemWith(directoryOf(path));
  }

  /** The one with the longest way to it. */
  #filesystemWith(directory: string): Filesystem {
    let found = ROOT;
    for (const root of this.#filesystems.keys()) {
      if (root.length > found.length && within(directory, root)) found = root;
    }
    return this.#filesystems.get(found)!;
  }
}
