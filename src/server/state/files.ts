import type { LockDomain } from '../domains.ts';
import type { FileNode } from '../filesystem/types.ts';
import type { Place } from '../marks/board.ts';
import type { Client } from './clients.ts';
import type { Delegation } from './delegations.ts';
import { type OpenState, sharesConflict } from './opens.ts';

/** A file that somebody has open here. */
export interface FileState {
  readonly node: FileNode;
  readonly domain: LockDomain;
  /** Relative to the export's root, as far as it was learned; for people and histories. */
  path: string;
  readonly opens: Set<OpenState>;
  readonly delegations: Set<Delegation>;
  /** What the other nodes see of it (marks/kinds.ts). */
  marks: number;
  /** Where; null as long as nothing was ever shown. */
  place: Place | null;
}

/** The files that are open on this node. What binds its clients among each other is here; marks/shares.ts shows it to other nodes. */
export class FileTable {
  readonly #byKey = new Map<string, FileState>();

  /** Makes the entry; it stays for as long as something is open. */
  of(node: FileNode, domain: LockDomain, path: string): FileState {
    let file = this.#byKey.get(node.key);
    if (file === undefined) {
      file = { node, domain, path, opens: new Set(), delegations: new Set(), marks: 0, place: null };
      this.#byKey.set(node.key, file);
    }
    return file;
  }

  find(node: FileNode): FileState | undefined {
    return this.#byKey.get(node.key);
  }

  /** Forgets a file of which nobody has anything. */
  dropIfUnused(file: FileState): void {
    if (file.opens.size > 0 || file.delegations.size > 0) return;
    if (file.marks !== 0) throw new Error(`nobody has ${file.path} open, and its marks are up`);
    if (this.#byKey.get(file.node.key) === file) this.#byKey.delete(file.node.key);
  }
}

/**
 * Who stands in the way of this open. It may be the asker itself: what an owner denies, it denies itself as well (RFC 8881
 * section 9.7).
 *
 * @param except an open that does not count: that of an owner who reclaims it once more
 * @param estate nor does what is held for the asker itself
 */
export function shareConflict(
  file: FileState,
  access: number,
  deny: number,
  except: OpenState | null,
  estate: Client | null,
): OpenState | null {
  for (const open of file.opens) {
    if (open.client === estate) continue;
    if (open !== except && sharesConflict(access, deny, open.access, open.deny)) return open;
  }
  return null;
}
