import { entryNumberOf, tagOf } from './pseudo-root.ts';
import type { FileNode, Filesystem, LockTable } from './types.ts';

/** One of the filesystems, and the name that it has in the root. */
export interface TreeMember {
  readonly name: string;
  readonly filesystem: Filesystem;
  readonly locks: LockTable;
}

/** A member with what its nodes and handles are told by. */
export class Branch {
  readonly index: number;
  readonly filesystem: Filesystem;
  readonly locks: LockTable;
  readonly tag: Buffer;
  readonly keyPrefix: string;
  /** Of the entry in the pseudo root. */
  readonly entryNumber: bigint;
  readonly #nodes = new WeakMap<FileNode, BranchNode>();

  constructor({ name, filesystem, locks }: TreeMember, index: number) {
    this.index = index;
    this.filesystem = filesystem;
    this.locks = locks;
    this.tag = tagOf(name);
    this.keyPrefix = this.tag.toString('latin1');
    this.entryNumber = entryNumberOf(name);
  }

  nodeOf(inner: FileNode): BranchNode {
    let node = this.#nodes.get(inner);
    if (node === undefined) {
      node = new BranchNode(this, inner);
      this.#nodes.set(inner, node);
    }
    return node;
  }

  isRoot(inner: FileNode): boolean {
    return inner.key === this.filesystem.root().key;
  }
}

/** A file of one of the members. Tags are of one length, so that equal keys mean equal members and equal files. */
export class BranchNode implements FileNode {
  readonly key: string;
  readonly type: FileNode['type'];
  readonly branch: Branch;
  readonly inner: FileNode;
  handle: Buffer | null = null;

  constructor(branch: Branch, inner: FileNode) {
    this.key = branch.keyPrefix + inner.key;
    this.type = inner.type;
    this.branch = branch;
    this.inner = inner;
  }
}

/** Null: it is the pseudo root. */
export const inBranch = (node: FileNode): BranchNode | null => (node instanceof BranchNode ? node : null);

/** A file whose data or locks are asked for: the pseudo root has neither, and its type has been looked at. */
export function fileIn(node: FileNode): BranchNode {
  if (node instanceof BranchNode) return node;
  throw new Error('the pseudo root was taken for a file');
}
