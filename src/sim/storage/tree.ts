/** The files of a simulated shared filesystem: what is in them outlives every container. */
import type {
  FileType,
  InitialAttributes,
  SettableAttributes,
  Timestamp,
} from '../../server/filesystem/types.ts';

export interface Inode {
  readonly id: number;
  readonly type: FileType;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  data: Buffer;
  /** Of a directory: in the order in which they were made. */
  readonly entries: Map<string, Inode>;
  parent: Inode | null;
  change: bigint;
  accessTime: Timestamp;
  modifyTime: Timestamp;
  metadataTime: Timestamp;
  /** Of the exclusive create that made it. */
  verifier: Buffer | null;
  /** Of a symbolic link. */
  readonly target: string;
}

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const NS_PER_MS = 1_000_000;
const MS_PER_S = 1000;

export class Tree {
  readonly root: Inode;
  readonly #nowMs: () => number;
  readonly #byId = new Map<number, Inode>();
  #lastId = 1;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.root = this.make('directory', { mode: DIRECTORY_MODE });
  }

  /** Undefined: it is gone, or never was. */
  byId(id: number): Inode | undefined {
    return this.#byId.get(id);
  }

  /** A new one without a name. */
  make(type: FileType, attributes: InitialAttributes, target = ''): Inode {
    const now = this.now();
    this.#lastId += 1;
    const inode: Inode = {
      id: this.#lastId,
      type,
      mode: type === 'directory' ? DIRECTORY_MODE : FILE_MODE,
      uid: 0,
      gid: 0,
      links: 0,
      data: Buffer.alloc(0),
      entries: new Map(),
      parent: null,
      change: 1n,
      accessTime: now,
      modifyTime: now,
      metadataTime: now,
      verifier: null,
      target,
    };
    this.#byId.set(inode.id, inode);
    this.set(inode, attributes);
    return inode;
  }

  /** At a name in a directory, which it replaces. */
  attach(directory: Inode, name: string, inode: Inode): void {
    directory.entries.set(name, inode);
    inode.links += 1;
    if (inode.type === 'directory') inode.parent = directory;
    this.touched(directory, true);
  }

  detach(directory: Inode, name: string): void {
    const inode = directory.entries.get(name);
    if (inode === undefined) return;
    directory.entries.delete(name);
    inode.links -= 1;
    if (inode.links === 0) this.#byId.delete(inode.id);
    this.touched(directory, true);
  }

  set(inode: Inode, attributes: SettableAttributes): void {
    const { size, uid, gid, mode, accessTime, modifyTime } = attributes;
    if (size !== undefined) this.resize(inode, Number(size));
    if (uid !== undefined) inode.uid = uid;
    if (gid !== undefined) inode.gid = gid;
    if (mode !== undefined) inode.mode = mode;
    if (accessTime !== undefined) inode.accessTime = accessTime === 'now' ? this.now() : accessTime;
    if (modifyTime !== undefined) inode.modifyTime = modifyTime === 'now' ? this.now() : modifyTime;
    this.touched(inode, false);
  }

  resize(inode: Inode, size: number): void {
    if (size <= inode.data.length) inode.data = Buffer.from(inode.data.subarray(0, size));
    else inode.data = Buffer.concat([inode.data, Buffer.alloc(size - inode.data.length)]);
  }

  write(inode: Inode, offset: number, data: Buffer): void {
    if (offset + data.length > inode.data.length) this.resize(inode, offset + data.length);
    data.copy(inode.data, offset);
    this.touched(inode, true);
  }

  touched(inode: Inode, contents: boolean): void {
    inode.change += 1n;
    inode.metadataTime = this.now();
    if (contents) inode.modifyTime = inode.metadataTime;
  }

  now(): Timestamp {
    const nowMs = this.#nowMs();
    return {
      seconds: BigInt(Math.floor(nowMs / MS_PER_S)),
      nseconds: Math.floor((nowMs % MS_PER_S) * NS_PER_MS),
    };
  }

  /** By a path relative to the root; undefined: there is nothing. */
  at(path: string): Inode | undefined {
    let at: Inode | undefined = this.root;
    for (const name of path.split('/')) at = at?.entries.get(name);
    return at;
  }
}
