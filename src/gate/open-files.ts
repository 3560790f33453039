import { constants } from 'node:fs';
import type { LockDomain } from '../server/domains.ts';
import type { Errno } from '../server/filesystem/result.ts';
import type { Access, FileNode, Filesystem } from '../server/filesystem/types.ts';
import type { MarkBoard, Place } from '../server/marks/board.ts';
import { ACCESS_READ, ACCESS_WRITE } from '../server/marks/kinds.ts';
import type { Clear, Clearance, Hindrance } from './clearance.ts';
import type { Inode } from './inodes.ts';

/** One open file description of a local program. */
export interface OpenFile {
  readonly fh: bigint;
  readonly inode: Inode;
  readonly access: readonly Access[];
  readonly appends: boolean;
  /** Lock owners that have locked through it since they last let go of everything. */
  readonly owners: Set<string>;
}

/** What all descriptions of one file show the others. */
interface Shown {
  readonly board: MarkBoard;
  readonly place: Place;
  readonly counts: Record<Access, number>;
}

const MARKS: Readonly<Record<Access, number>> = { read: ACCESS_READ, write: ACCESS_WRITE };

/** `taken`: it is open; `wait`: grace, or somebody's delegation, stands against it for a while. */
export type OpenOutcome =
  | { readonly outcome: 'opened'; readonly file: OpenFile }
  | { readonly outcome: 'wait' }
  | { readonly outcome: 'error'; readonly errno: Errno };

const WAITING: OpenOutcome = { outcome: 'wait' };

/**
 * What local programs have open. An open is new state like a client's: it binds the others, by the same marks (C13), and waits for the lift as
 * theirs do, since a client of a dead node may come back for its deny mode.
 */
export class OpenFiles {
  readonly #filesystem: Filesystem;
  readonly #clearance: Clearance;
  readonly #domainOf: (node: FileNode) => LockDomain;
  readonly #files = new Map<bigint, OpenFile>();
  readonly #shown = new Map<string, Shown>();
  #lastFh = 0n;

  constructor(filesystem: Filesystem, clearance: Clearance, domainOf: (node: FileNode) => LockDomain) {
    this.#filesystem = filesystem;
    this.#clearance = clearance;
    this.#domainOf = domainOf;
  }

  find(fh: bigint): OpenFile | undefined {
    return this.#files.get(fh);
  }

  get all(): Iterable<OpenFile> {
    return this.#files.values();
  }

  /** @param flags as of open(2) @param fresh this very request has made the file: nobody can have anything on it */
  open(inode: Inode, flags: number, fresh = false): OpenOutcome {
    const { node } = inode;
    if (node.type !== 'regular')
      return { outcome: 'error', errno: node.type === 'directory' ? 'EISDIR' : 'ENXIO' };
    const domain = this.#domainOf(node);
    const access = accessOf(flags);
    const truncates = (flags & constants.O_TRUNC) !== 0;
    const shown = this.#shownOf(node, domain);
    const wanted = truncates && !access.includes('write') ? [...access, 'write' as const] : access;
    const added = marksOf(wanted.filter((each) => shown === null || shown.counts[each] === 0));
    const clear = fresh ? this.#clearance.show(domain, node, added) : this.#grant(domain, node, added);
    if (clear !== 'clear') return clear === 'wait' ? WAITING : { outcome: 'error', errno: clear };
    const errno = this.#begin(node, access, truncates);
    if (errno !== null) {
      this.#clearance.hide(domain, node, added);
      return { outcome: 'error', errno };
    }
    this.#count(node, domain, access, 1);
    // Only for the moment in which the file was emptied.
    if (wanted !== access && (shown?.counts.write ?? 0) === 0)
      this.#clearance.hide(domain, node, ACCESS_WRITE);
    this.#lastFh += 1n;
    const appends = (flags & constants.O_APPEND) !== 0;
    const file: OpenFile = { fh: this.#lastFh, inode, access, appends, owners: new Set() };
    this.#files.set(file.fh, file);
    return { outcome: 'opened', file };
  }

  /**
   * truncate(2) needs no open. While it lasts the others see one all the same, so that what clients deny binds it, and none can begin to deny in
   * between (C13; for clients: io-admission.ts).
   */
  whileWriting<T>(node: FileNode, act: () => T, otherwise: (hindrance: Hindrance) => T): T {
    const domain = this.#domainOf(node);
    const isShown = (this.#shown.get(node.key)?.counts.write ?? 0) > 0;
    const added = isShown ? 0 : ACCESS_WRITE;
    const clear = this.#grant(domain, node, added);
    if (clear !== 'clear') return otherwise(clear);
    const outcome = act();
    this.#clearance.hide(domain, node, added);
    return outcome;
  }

  close(file: OpenFile): void {
    if (!this.#files.delete(file.fh)) return;
    const { node } = file.inode;
    for (const access of file.access) this.#filesystem.close(node, access);
    this.#count(node, this.#domainOf(node), file.access, -1);
  }

  closeAll(): void {
    for (const file of [...this.#files.values()]) this.close(file);
  }

  /** The grant rule (docs/protocol.md), for marks. */
  #grant(domain: LockDomain, node: FileNode, marks: number): Clear {
    const { coordination } = domain;
    if (coordination.newState() === 'grace') return 'wait';
    const clear = this.#clearance.show(domain, node, marks);
    if (clear !== 'clear' || coordination.confirmNewState() !== 'grace') return clear;
    this.#clearance.hide(domain, node, marks);
    return 'wait';
  }

  /** Descriptors, and with O_TRUNC nothing in it: only now, when it is known that nobody's rights are in the way. */
  #begin(node: FileNode, access: readonly Access[], truncates: boolean): Errno | null {
    const kept: Access[] = [];
    const giveBack = () => {
      for (const each of kept) this.#filesystem.close(node, each);
    };
    for (const each of access) {
      const opened = this.#filesystem.open(node, each);
      if (!opened.ok) {
        giveBack();
        return opened.errno;
      }
      kept.push(each);
    }
    const errno = truncates ? this.#filesystem.setAttributes(node, { size: 0n }).errno : null;
    if (errno !== null) giveBack();
    return errno;
  }

  #shownOf(node: FileNode, { marks }: LockDomain): Shown | null {
    if (marks === undefined) return null;
    const known = this.#shown.get(node.key);
    return known ?? { board: marks, place: marks.placeOf(node), counts: { read: 0, write: 0 } };
  }

  #count(node: FileNode, domain: LockDomain, access: readonly Access[], by: 1 | -1): void {
    const shown = this.#shownOf(node, domain);
    if (shown === null) return;
    this.#shown.set(node.key, shown);
    for (const each of access) {
      shown.counts[each] += by;
      if (shown.counts[each] === 0) shown.board.takeDown(shown.place, MARKS[each]);
    }
    if (shown.counts.read === 0 && shown.counts.write === 0) this.#shown.delete(node.key);
  }
}

const marksOf = (access: readonly Access[]): number => access.reduce((marks, each) => marks | MARKS[each], 0);

function accessOf(flags: number): readonly Access[] {
  switch (flags & 3) {
    case constants.O_RDONLY:
      return ['read'];
    case constants.O_WRONLY:
      return ['write'];
    default:
      return ['read', 'write'];
  }
}
