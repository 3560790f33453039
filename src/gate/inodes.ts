import type { FileNode } from '../server/filesystem/types.ts';
import { FUSE_ROOT_ID } from './fuse/constants.ts';

/** A file that the kernel knows by a number. */
export interface Inode {
  readonly nodeid: bigint;
  readonly node: FileNode;
  /** From the root, by the name that it was found under last; for the history. */
  path: string;
  /** How many replies have named it that the kernel has not forgotten yet. */
  lookups: bigint;
}

/** The files that the kernel knows, each by one number for as long as it does. */
export class Inodes {
  readonly #byKey = new Map<string, Inode>();
  readonly #byId = new Map<bigint, Inode>();
  #lastId = FUSE_ROOT_ID;

  constructor(root: FileNode) {
    // The kernel never forgets the root, and never looks it up.
    this.#note({ nodeid: FUSE_ROOT_ID, node: root, path: '', lookups: 1n });
  }

  /** Undefined: the kernel speaks of a number that it was never given, or has given back. */
  find(nodeid: bigint): Inode | undefined {
    return this.#byId.get(nodeid);
  }

  /** One more reply names it. */
  name(node: FileNode, path: string): Inode {
    const known = this.#byKey.get(node.key);
    if (known !== undefined) {
      known.lookups += 1n;
      known.path = path;
      return known;
    }
    this.#lastId += 1n;
    return this.#note({ nodeid: this.#lastId, node, path, lookups: 1n });
  }

  forget(nodeid: bigint, lookups: bigint): void {
    const known = this.#byId.get(nodeid);
    if (known === undefined || nodeid === FUSE_ROOT_ID) return;
    known.lookups -= lookups;
    if (known.lookups > 0n) return;
    this.#byId.delete(nodeid);
    this.#byKey.delete(known.node.key);
  }

  #note(inode: Inode): Inode {
    this.#byId.set(inode.nodeid, inode);
    this.#byKey.set(inode.node.key, inode);
    return inode;
  }
}

export const pathIn = (directory: Inode, name: string): string =>
  directory.path === '' ? name : `${directory.path}/${name}`;
