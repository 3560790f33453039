import type { FileNode, Filesystem } from './filesystem/types.ts';

/** Directory entries that one search looks at before it gives up. */
const SEARCH_ENTRIES = 4096;
const PAGE_ENTRIES = 256;
/**
 * How often the export is searched, between two renames of directories. Nothing else is served meanwhile (some 20 µs
 * for each entry), and a thousand clients may come back after a reboot, each with a file of its own.
 */
const SEARCHES = 8;
/** And that often in all: somebody who renames directories and opens files in turn must not keep everybody else waiting. */
const SEARCHES_OF_A_LIFE = 64;

/**
 * Names of files for people and histories. File handles carry none, so they are learned when a client
 * looks something up; one that comes back with a handle after a restart of the server is searched for.
 * Nothing but reports hangs on them.
 */
export class PathBook {
  readonly #filesystem: Filesystem;
  readonly #entries: number;
  readonly #byKey = new Map<string, string>();
  #searchesLeft = SEARCHES;
  #searches = 0;

  constructor(filesystem: Filesystem, entries = 10_000) {
    this.#filesystem = filesystem;
    this.#entries = entries;
    this.#remember(filesystem.root(), '');
  }

  /** `node` was found under this name. */
  learn(directory: FileNode, name: string, node: FileNode): void {
    const path = this.#byKey.get(directory.key);
    if (path !== undefined) this.#remember(node, path === '' ? name : `${path}/${name}`);
  }

  /** Something has got another name: with a directory, everything below it has too. */
  renamed(directory: FileNode, name: string): void {
    const node = this.#filesystem.lookup(directory, name);
    if (!node.ok) return;
    if (node.value.type === 'directory') {
      this.#byKey.clear();
      this.#searchesLeft = SEARCHES;
      this.#remember(this.#filesystem.root(), '');
    }
    this.learn(directory, name, node.value);
  }

  /** Relative to the root of the export, without leading slash; `#<fileid>` when it cannot be found out. */
  of(node: FileNode): string {
    const known = this.#byKey.get(node.key);
    if (known !== undefined) return known;
    this.#search();
    const found = this.#byKey.get(node.key) ?? this.#fallback(node);
    // Also when it was in vain: nobody shall make us search again and again.
    this.#remember(node, found);
    return found;
  }

  #fallback(node: FileNode): string {
    const attributes = this.#filesystem.attributes(node);
    return attributes.ok ? `#${attributes.value.fileid}` : '#';
  }

  /** Breadth first from the root, learning whatever it sees: the next file that is asked for is likely to be among it. */
  #search(): void {
    if (this.#searchesLeft === 0 || this.#searches === SEARCHES_OF_A_LIFE) return;
    this.#searchesLeft -= 1;
    this.#searches += 1;
    const waiting = [this.#filesystem.root()];
    let budget = SEARCH_ENTRIES;
    for (let directory = waiting.shift(); directory !== undefined; directory = waiting.shift()) {
      let cookie = 0n;
      for (;;) {
        const page = this.#filesystem.readdir(directory, cookie, PAGE_ENTRIES);
        if (!page.ok) break;
        for (const entry of page.value.entries) {
          budget -= 1;
          cookie = entry.cookie;
          const found = this.#filesystem.lookup(directory, entry.name);
          if (!found.ok) continue;
          this.learn(directory, entry.name, found.value);
          if (budget <= 0) return;
          if (found.value.type === 'directory') waiting.push(found.value);
        }
        if (page.value.eof || page.value.entries.length === 0) break;
      }
    }
  }

  #remember(node: FileNode, path: string): void {
    // The oldest entry goes: a Map keeps the order in which keys came.
    if (this.#byKey.size >= this.#entries && !this.#byKey.has(node.key)) {
      for (const oldest of this.#byKey.keys()) {
        if (this.#byKey.get(oldest) === '') continue;
        this.#byKey.delete(oldest);
        break;
      }
    }
    this.#byKey.set(node.key, path);
  }
}
