import type { CallerRights } from './caller-rights.ts';
import { DescriptorCache } from './descriptors.ts';
import { ExportPath } from './export-path.ts';
import { type FileIdentity, keyOf, openHandle, sameHandle, sealHandle, uncheckedKeyOf } from './handle.ts';
import { type IdentityScheme, identityOf, openByIdentity } from './identity.ts';
import { DONE, type FsResult, failed, failedWith } from './result.ts';
import { forEachDescendant } from './search.ts';
import { mountOf, STATX_BYTES, STATX_IDENTITY, typeOf } from './statx.ts';
import { close, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY, openat, statx } from './syscalls.ts';
import type { FileNode, FileType } from './types.ts';

/** Where a file was last seen. */
interface Place {
  readonly dir: Node;
  readonly name: string;
}

/** The {@link FileNode} of this package, with what it takes to open it again. */
export interface Node extends FileNode {
  readonly identity: FileIdentity;
  /** Null for the root, and for what was found by its handle. Only a hint: others rename files too. */
  place: Place | null;
  /** Sealed when first asked for. */
  handle: Buffer | null;
}

export interface NodeLimits {
  /** Nodes that are remembered by identity. */
  readonly nodes: number;
  /** Idle O_PATH descriptors. */
  readonly descriptors: number;
  /** Files that one search of the export looks at. */
  readonly searched: number;
}

/** Deeper trees than this are not believed in. */
const MAX_DEPTH = 4096;

const stat = Buffer.alloc(STATX_BYTES);

/**
 * The files of the export that were seen, and the way from a handle back to a file. With open_by_handle_at that
 * is one call. Without it (rootless, or no handles in the filesystem) it is the place where the file was last
 * seen, checked against its identity; where that fails, as after a reboot, the whole export is searched
 * once, and everything found on the way is remembered.
 */
export class NodeTable {
  readonly root: Node;
  readonly #rootFd: number;
  readonly #mount: bigint;
  readonly #path: ExportPath;
  readonly #scheme: IdentityScheme;
  readonly #key: Buffer;
  readonly #limits: NodeLimits;
  /** In the order of their last use. */
  readonly #nodes = new Map<string, Node>();
  readonly #paths: DescriptorCache;

  /** `rootFd`: the export's root, opened O_RDONLY, not O_PATH. It stays open as long as the table. */
  constructor(rootFd: number, scheme: IdentityScheme, key: Buffer, limits: NodeLimits) {
    this.#rootFd = rootFd;
    this.#path = new ExportPath(rootFd);
    this.#scheme = scheme;
    this.#key = key;
    this.#limits = limits;
    this.#paths = new DescriptorCache(limits.descriptors);
    statx(rootFd, STATX_IDENTITY, stat);
    this.#mount = mountOf(stat);
    const identity = identityOf(rootFd, scheme.form, stat);
    if (typeof identity === 'number')
      throw new Error('the export has no identity of the form that was detected');
    this.root = { key: keyOf(identity), type: 'directory', identity, place: null, handle: null };
  }

  handleOf(node: Node): Buffer {
    node.handle ??= sealHandle(node.identity, this.#key);
    return node.handle;
  }

  /** EBADHANDLE for one that this domain never gave out, ESTALE for one whose file is gone. */
  fromHandle(handle: Buffer): FsResult<Node> {
    const claimed = uncheckedKeyOf(handle);
    if (claimed === null) return failed('EBADHANDLE');
    const known = claimed === this.root.key ? this.root : this.#recall(claimed);
    // Comparing with the handle that was given out for it costs a tenth of computing the HMAC again.
    if (known !== undefined) {
      return sameHandle(handle, this.handleOf(known)) ? { ok: true, value: known } : failed('EBADHANDLE');
    }
    const identity = openHandle(handle, this.#key);
    if (identity === null) return failed('EBADHANDLE');
    // Another form than this node's: the filesystem was moved or the node's rights changed since.
    if (identity.form !== this.#scheme.form) return failed('ESTALE');
    if (this.#scheme.resolution === 'search') return this.#search(claimed);
    const fd = this.#openByKernel(identity, O_PATH | O_NOFOLLOW);
    return fd.ok ? this.learn(fd.value, null) : fd;
  }

  /**
   * Makes a file known by an O_PATH descriptor of it, which the table takes over. EXDEV: it lies on another
   * mount, which is not part of the export.
   */
  learn(fd: number, place: Place | null): FsResult<Node> {
    const seen = this.#identify(fd);
    if (!seen.ok) {
      close(fd);
      return seen;
    }
    const { identity, type } = seen.value;
    const node = this.#remember(identity, type, place);
    if (node === this.root) close(fd);
    else this.#paths.adopt(node.key, fd);
    return { ok: true, value: node };
  }

  /** An O_PATH descriptor (for the root another) that is good until the operation ends. */
  descriptor(node: Node): FsResult<number> {
    if (node.key === this.root.key) return { ok: true, value: this.#rootFd };
    return this.#paths.get(node.key, () => this.#reach(node));
  }

  /**
   * As {@link descriptor}, of a directory in which something is to be looked up: while it was open somebody may have moved it out of the export,
   * and then everything below it would be within reach. Its path tells, in a microsecond; where it says nothing, the way up does.
   */
  directory(dir: Node): FsResult<number> {
    const fd = this.descriptor(dir);
    if (!fd.ok || dir.key === this.root.key || this.#path.isAbove(fd.value)) return fd;
    const inside = this.#isInside(fd.value);
    if (!inside.ok) {
      this.#paths.drop(dir.key);
      return inside;
    }
    this.#path.lookAgain();
    return fd;
  }

  /** The directory above; the caller has made sure that `dir` is not the root. */
  parent(dir: Node, rights: CallerRights): FsResult<Node> {
    const fd = this.descriptor(dir);
    if (!fd.ok) return fd;
    const up = rights.asCaller(() => openat(fd.value, '..', O_PATH | O_NOFOLLOW | O_DIRECTORY));
    if (up < 0) return failedWith(up);
    // Of what was found, not of where it was looked for: nothing moves in between.
    const inside = this.#isInside(up);
    if (inside.ok) return this.learn(up, null);
    close(up);
    return inside;
  }

  /** The file has no name any more: closes what is idle and would keep its space from being freed. */
  forget(node: Node): void {
    this.#paths.drop(node.key);
    node.place = null;
    this.#nodes.delete(node.key);
  }

  trim(): void {
    this.#paths.trim();
  }

  dropIdle(): void {
    this.#paths.dropIdle();
  }

  closeAll(): void {
    this.#paths.closeAll();
    close(this.#rootFd);
  }

  #identify(fd: number): FsResult<{ identity: FileIdentity; type: FileType }> {
    const status = statx(fd, STATX_IDENTITY, stat);
    if (status < 0) return failedWith(status);
    // Mount ids tell bind mounts apart as well, which device numbers do not.
    if (mountOf(stat) !== this.#mount) return failed('EXDEV');
    const type = typeOf(stat);
    const identity = identityOf(fd, this.#scheme.form, stat);
    return typeof identity === 'number' ? failedWith(identity) : { ok: true, value: { identity, type } };
  }

  #remember(identity: FileIdentity, type: FileType, place: Place | null): Node {
    const key = keyOf(identity);
    if (key === this.root.key) return this.root;
    let node = this.#recall(key);
    if (node === undefined) {
      node = { key, type, identity, place, handle: null };
      this.#nodes.set(key, node);
      this.#forgetOldest();
    } else if (place !== null) {
      node.place = place;
    }
    return node;
  }

  #recall(key: string): Node | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    this.#nodes.delete(key);
    this.#nodes.set(key, node);
    return node;
  }

  /** A forgotten node that somebody still holds goes on working. */
  #forgetOldest(): void {
    if (this.#nodes.size <= this.#limits.nodes) return;
    for (const oldest of this.#nodes.keys()) {
      this.#nodes.delete(oldest);
      return;
    }
  }

  #reach(node: Node): FsResult<number> {
    if (this.#scheme.resolution === 'kernel') return this.#openByKernel(node.identity, O_PATH | O_NOFOLLOW);
    const there = this.#openAtPlace(node);
    if (there !== null) return { ok: true, value: there };
    node.place = null;
    const found = this.#search(node.key);
    if (!found.ok) return found;
    node.place = found.value.place;
    const fd = this.#openAtPlace(node);
    // Found and renamed in the same instant by somebody else. The client may try again.
    return fd === null ? failed('EAGAIN') : { ok: true, value: fd };
  }

  #openByKernel(identity: FileIdentity, flags: number): FsResult<number> {
    const fd = openByIdentity(this.#rootFd, identity, flags);
    if (fd < 0) return failedWith(fd);
    // A directory may have been moved out of the export since its handle was given out, and then everything
    // below it would be within reach. A file leads nowhere else, and whether a name of it is inside cannot be
    // told.
    if (statx(fd, STATX_IDENTITY, stat) === 0 && typeOf(stat) === 'directory') {
      const inside = this.#isInside(fd);
      if (!inside.ok) {
        close(fd);
        return inside;
      }
    }
    return { ok: true, value: fd };
  }

  /** Opens a node where it was last seen; null when it is not there any more. */
  #openAtPlace(node: Node): number | null {
    if (node.place === null) return null;
    const { dir, name } = node.place;
    const dirFd = this.descriptor(dir);
    if (!dirFd.ok) return null;
    const fd = openat(dirFd.value, name, O_PATH | O_NOFOLLOW);
    if (fd < 0) return null;
    const seen = this.#identify(fd);
    if (seen.ok && keyOf(seen.value.identity) === node.key) return fd;
    close(fd);
    return null;
  }

  /** ESTALE: it is nowhere in the export. EIO: the export is too large to be sure. */
  #search(key: string): FsResult<Node> {
    let found: Node | undefined;
    const complete = forEachDescendant<Node>(this.root, this.#limits.searched, {
      openDirectory: (dir) => {
        const fd = this.descriptor(dir);
        return fd.ok ? openat(fd.value, '.', O_RDONLY | O_DIRECTORY) : -1;
      },
      visit: (dir, dirFd, name) => {
        const node = this.#glimpse(dir, dirFd, name);
        if (node?.key === key) found = node;
        return { descend: node?.type === 'directory' ? node : null, stop: found !== undefined };
      },
    });
    if (found !== undefined) return { ok: true, value: found };
    // Not remembered as gone: a file that another node renames during the search can be missed, and is not
    // lost.
    return failed(complete ? 'ESTALE' : 'EIO');
  }

  /** Remembers one directory entry without keeping it open. */
  #glimpse(dir: Node, dirFd: number, name: string): Node | null {
    const fd = openat(dirFd, name, O_PATH | O_NOFOLLOW);
    if (fd < 0) return null;
    const seen = this.#identify(fd);
    close(fd);
    return seen.ok ? this.#remember(seen.value.identity, seen.value.type, { dir, name }) : null;
  }

  /** Does the way up from a directory lead to the export's root? ESTALE when it does not. */
  #isInside(dirFd: number): FsResult<void> {
    let at = dirFd;
    let below = '';
    try {
      for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
        const seen = this.#identify(at);
        // EXDEV as well: above the export's mount there is nothing of ours.
        if (!seen.ok) return failed('ESTALE');
        const key = keyOf(seen.value.identity);
        if (key === this.root.key) return DONE;
        // The root of everything is its own parent.
        if (key === below) return failed('ESTALE');
        below = key;
        const up = openat(at, '..', O_PATH | O_NOFOLLOW | O_DIRECTORY);
        if (at !== dirFd) close(at);
        at = up;
        if (up < 0) return failedWith(up);
      }
      return failed('ESTALE');
    } finally {
      if (at !== dirFd && at >= 0) close(at);
    }
  }
}
