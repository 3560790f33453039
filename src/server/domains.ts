import type { Coordination } from './coordination.ts';
import type { TreeMember } from './filesystem/branch.ts';
import { CompositeFilesystem } from './filesystem/composite.ts';
import { CompositeLocks } from './filesystem/composite-locks.ts';
import type { FileNode, Filesystem, LockTable } from './filesystem/types.ts';
import type { MarkBoard } from './marks/board.ts';

/** One shared filesystem whose locks are recovered together, as this node serves it. */
export interface LockDomain extends TreeMember {
  /** What clients find it by, in the root, where a node serves more than one. */
  readonly name: string;
  /** Of this domain alone: grace, records and beacons of another one are none of its business (C12). */
  readonly coordination: Coordination;
  /**
   * Where its nodes show each other share reservations and delegations (marks/board.ts). Absent: no other node is in this domain, nor
   * ever will be while this process lives, and what is in memory here is all there is.
   */
  readonly marks?: MarkBoard;
}

/**
 * What clients see first: the export of the only domain, or a directory of all domains. A file is found by the same name on
 * every node of a cluster, so where any node has several domains, one that has only one of them shows it by its name, too.
 */
export type RootKind = 'export' | 'domains';

/** What events about its files carry: only where there are several is there anything to tell apart. */
interface DomainLabel {
  readonly domain?: string;
}

/**
 * The lock domains of a node, and the one tree that clients see. With one domain that is its export, root and handles
 * and all; with several, each has an entry in a pseudo root (filesystem/composite.ts).
 */
export class Domains {
  readonly all: readonly LockDomain[];
  readonly filesystem: Filesystem;
  readonly locks: LockTable;
  readonly #indexOf: (node: FileNode) => number | null;
  readonly #labels: ReadonlyMap<LockDomain, DomainLabel>;
  readonly #isTree: boolean;

  /** @throws Error, one sentence for the operator, when they cannot be served together */
  constructor(all: readonly LockDomain[], root: RootKind = all.length > 1 ? 'domains' : 'export') {
    const [only] = all;
    if (only === undefined) throw new RangeError('a lock server without a lock domain has nothing to serve');
    this.all = all;
    this.#isTree = all.length > 1 || root === 'domains';
    if (!this.#isTree) {
      this.filesystem = only.filesystem;
      this.locks = only.locks;
      this.#indexOf = () => 0;
      this.#labels = new Map();
      return;
    }
    const composite = new CompositeFilesystem(all);
    this.filesystem = composite;
    this.locks = new CompositeLocks(all);
    this.#indexOf = (node) => composite.memberOf(node);
    this.#labels = new Map(all.map((domain) => [domain, { domain: domain.name }]));
  }

  /** Nothing can be made, changed, opened or locked in the pseudo root, and no domain is to be asked about it. */
  isPseudoRoot(node: FileNode): boolean {
    return this.#indexOf(node) === null;
  }

  /** The domain of a file or directory that is not the pseudo root. */
  of(node: FileNode): LockDomain {
    const domain = this.find(node);
    if (domain === null) throw new Error('the pseudo root is in no lock domain');
    return domain;
  }

  /** Null: this is the pseudo root. */
  find(node: FileNode): LockDomain | null {
    const index = this.#indexOf(node);
    return index === null ? null : (this.all[index] ?? null);
  }

  /** Where clients find its root from theirs, as components. */
  pathOf(domain: LockDomain): readonly string[] {
    return this.#isTree ? [domain.name] : [];
  }

  named(name: string): LockDomain {
    const domain = this.all.find((each) => each.name === name);
    if (domain === undefined) throw new Error(`this node does not serve a domain ${name}`);
    return domain;
  }

  labelOf(domain: LockDomain): DomainLabel {
    return this.#labels.get(domain) ?? UNLABELLED;
  }
}

const UNLABELLED: DomainLabel = {};
