import type { CallerRights } from './caller-rights.ts';
import type { FileContents } from './contents.ts';
import { bearsVerifier, type RegularFileMaker } from './creation.ts';
import { readPage } from './directory-page.ts';
import { checkName } from './names.ts';
import type { Node, NodeTable } from './nodes.ts';
import { type FsResult, failed, failedWith } from './result.ts';
import { changeOf, STATX_BYTES, STATX_CHANGE } from './statx.ts';
import {
  AT_REMOVEDIR,
  close,
  linkDescriptor,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  openat,
  renameat,
  statx,
  unlinkat,
} from './syscalls.ts';
import type { Created, CreateHow, DirectoryChange, DirectoryPage } from './types.ts';

/** A name that keeps appearing and vanishing under an unchecked create is given up: the client comes again. */
const CREATE_ATTEMPTS = 8;

const stat = Buffer.alloc(STATX_BYTES);

/** An open directory and a name in it that has been found good. */
interface Spot {
  readonly dir: Node;
  readonly fd: number;
  readonly name: string;
}

/** The names in the directories of the export. */
export class DirectoryTree {
  readonly #nodes: NodeTable;
  readonly #contents: FileContents;
  readonly #maker: RegularFileMaker;
  /** What is asked of a directory by name is asked as the caller; descriptors are the server's. */
  readonly #rights: CallerRights;

  constructor(nodes: NodeTable, contents: FileContents, maker: RegularFileMaker, rights: CallerRights) {
    this.#nodes = nodes;
    this.#contents = contents;
    this.#maker = maker;
    this.#rights = rights;
  }

  lookup(dir: Node, name: string): FsResult<Node> {
    const spot = this.#spot(dir, name);
    return spot.ok ? this.#find(spot.value) : spot;
  }

  parent(dir: Node): FsResult<Node> {
    if (dir.type !== 'directory') return failed('ENOTDIR');
    return dir.key === this.#nodes.root.key ? failed('ENOENT') : this.#nodes.parent(dir, this.#rights);
  }

  create(dir: Node, name: string, how: CreateHow): FsResult<Created> {
    const spot = this.#spot(dir, name);
    if (!spot.ok) return spot;
    const before = changeAt(spot.value.fd);
    const verifier = how.kind === 'exclusive' ? how.verifier : null;
    // Most unchecked creates are opens of what is there.
    let found = how.kind === 'unchecked' ? this.#existing(spot.value, before, null) : null;
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt += 1) {
      if (found !== null && (found.ok || found.errno !== 'ENOENT')) return found;
      const made = this.#rights.asCaller(() =>
        this.#maker.make(spot.value.fd, name, how.attributes ?? {}, verifier),
      );
      if (made.ok) return this.#created(spot.value, made.value, before);
      if (made.errno !== 'EEXIST' || how.kind === 'guarded') return made;
      // Somebody was faster. ENOENT here: and removed it again at once.
      found = this.#existing(spot.value, before, verifier);
    }
    return failed('EAGAIN');
  }

  /** Makes anything but a regular file, by `make`, which answers an O_PATH descriptor of it. */
  make(dir: Node, name: string, make: (dirFd: number) => FsResult<number>): FsResult<Created> {
    const spot = this.#spot(dir, name);
    if (!spot.ok) return spot;
    const before = changeAt(spot.value.fd);
    const made = this.#rights.asCaller(() => make(spot.value.fd));
    return made.ok ? this.#created(spot.value, made.value, before) : made;
  }

  link(node: Node, dir: Node, name: string): FsResult<DirectoryChange> {
    const spot = this.#spot(dir, name);
    if (!spot.ok) return spot;
    if (node.type === 'directory') return failed('EISDIR');
    const fd = this.#contents.anyDescriptor(node);
    if (!fd.ok) return fd;
    const before = changeAt(spot.value.fd);
    const status = this.#rights.asCaller(() => linkDescriptor(fd.value, spot.value.fd, name));
    return status < 0 ? failedWith(status) : { ok: true, value: changedSince(spot.value, before) };
  }

  remove(dir: Node, name: string): FsResult<DirectoryChange> {
    const spot = this.#spot(dir, name);
    if (!spot.ok) return spot;
    const victim = this.#find(spot.value);
    if (!victim.ok) return victim;
    const before = changeAt(spot.value.fd);
    const flags = victim.value.type === 'directory' ? AT_REMOVEDIR : 0;
    const status = this.#rights.asCaller(() => unlinkat(spot.value.fd, name, flags));
    if (status < 0) return failedWith(status);
    this.#contents.forgetIfGone(victim.value);
    return { ok: true, value: changedSince(spot.value, before) };
  }

  rename(
    fromDir: Node,
    fromName: string,
    toDir: Node,
    toName: string,
  ): FsResult<{ readonly from: DirectoryChange; readonly to: DirectoryChange }> {
    const from = this.#spot(fromDir, fromName);
    if (!from.ok) return from;
    const to = this.#spot(toDir, toName);
    if (!to.ok) return to;
    const victim = this.#find(to.value);
    const before = { from: changeAt(from.value.fd), to: changeAt(to.value.fd) };
    const status = this.#rights.asCaller(() => renameat(from.value.fd, fromName, to.value.fd, toName));
    if (status < 0) return failedWith(status);
    if (victim.ok) this.#contents.forgetIfGone(victim.value);
    // Learns the new place of what was renamed, for the time when it has to be opened again.
    this.#find(to.value);
    return {
      ok: true,
      value: { from: changedSince(from.value, before.from), to: changedSince(to.value, before.to) },
    };
  }

  readdir(dir: Node, cookie: bigint, max: number): FsResult<DirectoryPage> {
    if (dir.type !== 'directory') return failed('ENOTDIR');
    const path = this.#nodes.directory(dir);
    if (!path.ok) return path;
    // A description of its own: the position of a shared one would be everybody's.
    const fd = openat(path.value, '.', O_RDONLY | O_DIRECTORY);
    if (fd < 0) return failedWith(fd);
    try {
      return readPage(fd, cookie, max);
    } finally {
      close(fd);
    }
  }

  #spot(dir: Node, name: string): FsResult<Spot> {
    if (dir.type !== 'directory') return failed('ENOTDIR');
    const good = checkName(name);
    if (!good.ok) return good;
    const fd = this.#nodes.directory(dir);
    return fd.ok ? { ok: true, value: { dir, fd: fd.value, name } } : fd;
  }

  #find(spot: Spot): FsResult<Node> {
    const fd = this.#rights.asCaller(() => openat(spot.fd, spot.name, O_PATH | O_NOFOLLOW));
    return fd < 0 ? failedWith(fd) : this.#nodes.learn(fd, spot);
  }

  #created(spot: Spot, fd: number, before: bigint): FsResult<Created> {
    const node = this.#nodes.learn(fd, spot);
    if (!node.ok) return node;
    return { ok: true, value: { node: node.value, created: true, directory: changedSince(spot, before) } };
  }

  /**
   * What a create finds under its name. With a verifier, it must be what the same request made before: else
   * EEXIST.
   */
  #existing(spot: Spot, before: bigint, verifier: Buffer | null): FsResult<Created> {
    const node = this.#find(spot);
    if (!node.ok) return node;
    if (verifier !== null) {
      const fd = this.#contents.anyDescriptor(node.value);
      if (!fd.ok) return fd;
      const same = bearsVerifier(fd.value, verifier);
      if (!same.ok) return same;
      if (!same.value || node.value.type !== 'regular') return failed('EEXIST');
    }
    return { ok: true, value: { node: node.value, created: false, directory: { before, after: before } } };
  }
}

const changedSince = (spot: Spot, before: bigint): DirectoryChange => ({ before, after: changeAt(spot.fd) });

/** The change attribute of an open directory. It cannot fail on a descriptor that is open. */
function changeAt(fd: number): bigint {
  const status = statx(fd, STATX_CHANGE, stat);
  if (status < 0) throw new Error('an open directory has no attributes');
  return changeOf(stat);
}
