import { readFileSync } from 'node:fs';
import path from 'node:path';
import tar from 'tar-stream';

type Entry =
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'file'; readonly mode: number; readonly source: string }
  | { readonly kind: 'text'; readonly mode: number; readonly text: string }
  | { readonly kind: 'link'; readonly target: string };

/** Times of files would make two builds of the same thing differ. */
const EPOCH = new Date(0);

/** A tree of files to be, by absolute path; parents come by themselves. */
export class RootFilesystem {
  readonly #entries = new Map<string, Entry>();

  directory(at: string, mode: number): void {
    this.#add(at, { kind: 'directory', mode });
  }

  /** @param source file of this machine; links are followed */
  file(at: string, source: string, mode: number): void {
    this.#add(at, { kind: 'file', mode, source });
  }

  text(at: string, text: string, mode = 0o644): void {
    this.#add(at, { kind: 'text', mode, text });
  }

  link(at: string, target: string): void {
    this.#add(at, { kind: 'link', target });
  }

  /** The tar, in the order of paths, so a directory comes before what is in it. */
  pack(): tar.Pack {
    const pack = tar.pack();
    for (const at of [...this.#entries.keys()].sort())
      writeEntry(pack, at.slice(1), this.#entries.get(at) as Entry);
    pack.finalize();
    return pack;
  }

  #add(at: string, entry: Entry): void {
    for (let parent = path.dirname(at); parent !== '/'; parent = path.dirname(parent)) {
      if (!this.#entries.has(parent)) this.#entries.set(parent, { kind: 'directory', mode: 0o755 });
    }
    this.#entries.set(at, entry);
  }
}

function writeEntry(pack: tar.Pack, name: string, entry: Entry): void {
  switch (entry.kind) {
    case 'directory':
      pack.entry({ name: `${name}/`, type: 'directory', mode: entry.mode, mtime: EPOCH });
      return;
    case 'link':
      pack.entry({ name, type: 'symlink', linkname: entry.target, mtime: EPOCH });
      return;
    case 'text':
      pack.entry({ name, mode: entry.mode, mtime: EPOCH }, entry.text);
      return;
    case 'file':
      pack.entry({ name, mode: entry.mode, mtime: EPOCH }, readFileSync(entry.source));
  }
}
