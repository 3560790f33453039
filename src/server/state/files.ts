import type { LockDomain } from '../domains.ts';
import type { FileNode } from '../filesystem/types.ts';
import { type OpenState, sharesConflict } from './opens.ts';

/** A file that somebody has open here. */
export interface FileState {
  readonly node: FileNode;
  readonly domain: LockDomain;
  /** Relative to the export's root, as far as it was learned; for people and histories. */
  path: string;
  readonly opens: Set<OpenState>;
}

/** The files that are open on this node. Share reservations live here: they bind the clients of this node. */
export class FileTable {
  readonly #byKey = new Map<string, FileState>();

  /** Makes the entry; it stays for as long as something is open. */
  of(node: FileNode, domain: LockDomain, path: string): FileState {
    let file = this.#byKey.get(node.key);
    if (file === undefined) {
      file = { node, domain, path, opens: new Set() };
      this.#byKey.set(node.key, file);
    }
    return file;
  }

  find(node: FileNode): FileState | undefined {
    return this.#byKey.get(node.key);
  }

  /** Forgets a file that nobody has open. */
  dropIfUnused(file: FileState): void {
    if (file.opens.size === 0 && this.#byKey.get(file.node.key) === file) this.#byKey.delete(file.node.key);
  }
}

/** Who stands in the way of this open or I/O; `except` is the asker's own open. */
export function shareConflict(
  file: FileState,
  access: number,
  deny: number,
  except: OpenState | null,
): OpenState | null {
  for (const open of file.opens) {
    if (open !== except && sharesConflict(access, deny, open.access, open.deny)) return open;
  }
  return null;
}
