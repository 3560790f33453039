import { constants } from 'node:os';
import { setFilesystemGid, setFilesystemUid, setOwnGroups } from './syscalls.ts';
import type { Credentials } from './types.ts';

/** Whose rights filesystem operations have: the process's own, or those of whoever asked for them. */
export interface CallerRights {
  /**
   * What is made is the caller's from the start, and has the mode that it is made with: nothing has to be given to it afterwards, which could
   * take away what the directory gave (the set-group-id bit, what a default access control list says).
   */
  readonly callerOwns: boolean;
  /** What the filesystem does within `act`, in the same turn, it does for this caller. */
  during<T>(caller: Credentials, act: () => T): T;
  /** Does `act`, calls of the kernel and nothing else, with the rights of the present caller. */
  asCaller<T>(act: () => T): T;
  /** The same for somebody else. */
  as<T>(who: Credentials, act: () => T): T;
}

/** Everything is done with the rights of the process: whoever asks for something on behalf of a caller has judged it. */
export const OWN_RIGHTS: CallerRights = {
  callerOwns: false,
  during: (_, act) => act(),
  asCaller: (act) => act(),
  as: (_, act) => act(),
};

const ROOT_ID = 0;
/** No user and no group has it: the kernel takes it for a question. */
const NO_ID = 0xffff_ffff;
/** Ids that were found good; a client can make up as many as it likes. */
const KNOWN_IDS = 4096;

/**
 * The rights of callers, for a server that runs as root. Linux has a second set of ids for exactly this, which only file access
 * looks at (credentials(7)): with the filesystem user id of a caller go root's capabilities over files (CAP_DAC_OVERRIDE, CAP_FOWNER,
 * CAP_CHOWN, CAP_MKNOD, CAP_FSETID and their like), and they come back with root's. All that the kernel knows about permissions
 * applies then, access control lists and sticky directories included, and what is made belongs to who asked for it.
 *
 * These ids belong to a thread, not to the process. All calls come from the main thread, in one turn, so that nothing else can
 * run with them: locks, beacon and store are root's. Only the user id is put back after each act. The group ids of the last caller
 * stay until the next one, to save two calls: for root they say nothing but which group new files belong to, and the server makes none.
 */
export class KernelRights implements CallerRights {
  readonly callerOwns = true;
  readonly #anonymous: Credentials;
  #caller: Credentials | null = null;
  #gid = ROOT_ID;
  /** The list that the kernel has, by its identity first: callers share theirs from one operation to the next. */
  #groups: readonly number[] | null = null;
  #groupsText = '';
  readonly #good = { uid: new Set<number>(), gid: new Set<number>() };

  /**
   * Takes the umask from the process: which bits something new shall have is the caller's to say.
   *
   * @param anonymous whom a caller becomes that the kernel does not know here, and who acts when nobody was named
   * @throws Error, one sentence, when this process may not take the ids of others
   */
  constructor(anonymous: { readonly uid: number; readonly gid: number }) {
    this.#anonymous = { ...anonymous, gids: [] };
    const { uid, gid } = anonymous;
    if (uid === ROOT_ID || !this.#isGood('uid', uid) || !this.#isGood('gid', gid) || setOwnGroups([]) < 0)
      throw new Error(`this process may not act as user ${uid} and group ${gid}`);
    process.umask(0);
  }

  during<T>(caller: Credentials, act: () => T): T {
    const before = this.#caller;
    this.#caller = caller;
    try {
      return act();
    } finally {
      this.#caller = before;
    }
  }

  /** Outside of {@link during} it is the anonymous user who acts: a forgotten name must not make anybody root. */
  asCaller<T>(act: () => T): T {
    return this.as(this.#caller ?? this.#anonymous, act);
  }

  as<T>(who: Credentials, act: () => T): T {
    const { uid, gid, gids } = this.#known(who);
    if (gid !== this.#gid) {
      setFilesystemGid(gid);
      this.#gid = gid;
    }
    if (uid === ROOT_ID) return act();
    this.#setGroups(gids);
    setFilesystemUid(uid);
    try {
      return act();
    } finally {
      setFilesystemUid(ROOT_ID);
    }
  }

  /** An id that this user namespace does not have would leave the thread as it is: root. */
  #known(who: Credentials): Credentials {
    return this.#isGood('uid', who.uid) && this.#isGood('gid', who.gid) ? who : this.#anonymous;
  }

  #isGood(kind: 'uid' | 'gid', id: number): boolean {
    if (id === ROOT_ID) return true;
    const good = this.#good[kind];
    if (good.has(id)) return true;
    const set = kind === 'uid' ? setFilesystemUid : setFilesystemGid;
    set(id);
    const taken = set(NO_ID) === id;
    set(kind === 'uid' ? ROOT_ID : this.#gid);
    if (!taken) return false;
    if (good.size >= KNOWN_IDS) good.clear();
    good.add(id);
    return true;
  }

  #setGroups(gids: readonly number[]): void {
    if (gids === this.#groups) return;
    const text = gids.join();
    if (text !== this.#groupsText || this.#groups === null) this.#install(gids);
    this.#groups = gids;
    this.#groupsText = text;
  }

  #install(gids: readonly number[]): void {
    let status = setOwnGroups(gids);
    // One of them is none here. Rather too few groups than those of the caller before.
    if (status === -constants.errno.EINVAL) status = setOwnGroups([]);
    if (status < 0) throw new Error('the kernel refused to set the groups of a caller');
  }
}
