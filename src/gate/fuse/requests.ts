/**
 * Requests of the kernel as they are read from /dev/fuse: `struct fuse_in_header`, then what the opcode needs (include/uapi/linux/fuse.h).
 * Nothing here is trusted: lengths are tested before they are used, and what does not fit is a returned outcome.
 */
import { IN_HEADER_BYTES, OPCODES, type OperationName } from './constants.ts';

export interface FuseLock {
  readonly start: bigint;
  /** The last byte, which belongs to it. */
  readonly end: bigint;
  /** F_RDLCK, F_WRLCK or F_UNLCK. */
  readonly type: number;
  readonly pid: number;
}

interface Locking {
  readonly fh: bigint;
  /** Of a record lock the table of files of the process, of flock and of open-file-description locks the description. */
  readonly owner: bigint;
  readonly lock: FuseLock;
  readonly flags: number;
}

interface Named {
  readonly name: Buffer;
}

/** By operation, what its request says beside the header. */
export interface Bodies {
  lookup: Named;
  forget: { readonly lookups: bigint };
  getattr: { readonly flags: number; readonly fh: bigint };
  setattr: {
    readonly valid: number;
    readonly fh: bigint;
    readonly size: bigint;
    readonly accessTime: FuseTime;
    readonly modifyTime: FuseTime;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
  };
  readlink: object;
  symlink: Named & { readonly target: Buffer };
  mknod: Named & { readonly mode: number; readonly device: number };
  mkdir: Named & { readonly mode: number };
  unlink: Named;
  rmdir: Named;
  rename: Renaming;
  rename2: Renaming;
  link: Named & { readonly from: bigint };
  open: { readonly flags: number };
  opendir: { readonly flags: number };
  create: Named & { readonly flags: number; readonly mode: number };
  read: { readonly fh: bigint; readonly offset: bigint; readonly size: number };
  readdir: { readonly fh: bigint; readonly offset: bigint; readonly size: number };
  write: { readonly fh: bigint; readonly offset: bigint; readonly writeFlags: number; readonly data: Buffer };
  statfs: object;
  release: { readonly fh: bigint };
  releasedir: { readonly fh: bigint };
  fsync: { readonly fh: bigint; readonly flags: number };
  fsyncdir: { readonly fh: bigint; readonly flags: number };
  flush: { readonly fh: bigint; readonly owner: bigint };
  getlk: Locking;
  setlk: Locking;
  setlkw: Locking;
  interrupt: { readonly unique: bigint };
  init: {
    readonly major: number;
    readonly minor: number;
    readonly maxReadahead: number;
    readonly flags: number;
  };
  destroy: object;
  setxattr: Named & { readonly value: Buffer; readonly flags: number };
  getxattr: Named & { readonly size: number };
  listxattr: { readonly size: number };
  removexattr: Named;
  'batch-forget': { readonly nodes: readonly { readonly nodeid: bigint; readonly lookups: bigint }[] };
  fallocate: {
    readonly fh: bigint;
    readonly offset: bigint;
    readonly length: bigint;
    readonly mode: number;
  };
  lseek: { readonly fh: bigint; readonly offset: bigint; readonly whence: number };
  'copy-file-range': {
    readonly fh: bigint;
    readonly offset: bigint;
    readonly toFh: bigint;
    readonly toOffset: bigint;
    readonly length: bigint;
  };
}

interface Renaming {
  readonly toDirectory: bigint;
  readonly flags: number;
  readonly name: Buffer;
  readonly toName: Buffer;
}

export interface FuseTime {
  readonly seconds: bigint;
  readonly nseconds: number;
}

export interface Header {
  readonly unique: bigint;
  readonly nodeid: bigint;
  readonly uid: number;
  readonly gid: number;
  /** In the pid namespace of whoever mounted; 0: not visible there. */
  readonly pid: number;
}

export type FuseRequest = {
  [Name in OperationName]: { readonly operation: Name; readonly header: Header; readonly body: Bodies[Name] };
}[OperationName];

/**
 * - `unknown`: an operation that the gate does not have;
 * - `malformed`: shorter than its own words need. `unique` 0: not even the header can be believed.
 */
export type Decoded =
  | { readonly outcome: 'request'; readonly request: FuseRequest }
  | { readonly outcome: 'unknown' | 'malformed'; readonly unique: bigint; readonly opcode: number };

const NAMES: ReadonlyMap<number, OperationName> = new Map(
  Object.entries(OPCODES).map(([name, opcode]) => [opcode, name as OperationName]),
);

class TooShort extends Error {}

/** The part behind the header. */
class Body {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new TooShort();
    this.#at = at + length;
    return at;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** As long as it is there: older kernels send less. */
  optionalU32(): number {
    return this.#at + 4 <= this.#bytes.length ? this.u32() : 0;
  }

  /** Up to a NUL, which must be there. */
  name(): Buffer {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new TooShort();
    const name = Buffer.from(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return name;
  }

  /** A copy: the buffer that requests are read into is used again. */
  bytes(length: number): Buffer {
    const at = this.#take(length);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }
}

const locking = (body: Body): Bodies['setlk'] => {
  const fh = body.u64();
  const owner = body.u64();
  const lock = { start: body.u64(), end: body.u64(), type: body.u32(), pid: body.u32() };
  return { fh, owner, lock, flags: body.u32() };
};

const withFlags = (body: Body) => ({ flags: body.u32() });

const reading = (body: Body) => ({ fh: body.u64(), offset: body.u64(), size: body.u32() });

const syncing = (body: Body) => ({ fh: body.u64(), flags: body.u32() });

const named = (body: Body): Named => ({ name: body.name() });

const NOTHING = () => ({});

/** What each operation reads, in the order of its structure's fields. */
const DECODERS: { readonly [Name in OperationName]: (body: Body) => Bodies[Name] } = {
  lookup: named,
  forget: (body) => ({ lookups: body.u64() }),
  getattr: (body) => {
    const flags = body.u32();
    body.skip(4);
    return { flags, fh: body.u64() };
  },
  setattr: (body) => {
    const valid = body.u32();
    body.skip(4);
    const fh = body.u64();
    const size = body.u64();
    body.skip(8); // lock_owner
    const [accessSeconds, modifySeconds] = [body.i64(), body.i64()];
    body.skip(8); // ctime
    const [accessNseconds, modifyNseconds] = [body.u32(), body.u32()];
    body.skip(4); // ctimensec
    const mode = body.u32();
    body.skip(4);
    return {
      valid,
      fh,
      size,
      accessTime: { seconds: accessSeconds, nseconds: accessNseconds },
      modifyTime: { seconds: modifySeconds, nseconds: modifyNseconds },
      mode,
      uid: body.u32(),
      gid: body.u32(),
    };
  },
  readlink: NOTHING,
  symlink: (body) => ({ name: body.name(), target: body.name() }),
  mknod: (body) => {
    const [mode, device] = [body.u32(), body.u32()];
    body.skip(8); // umask, padding
    return { mode, device, name: body.name() };
  },
  mkdir: (body) => {
    const mode = body.u32();
    body.skip(4); // umask
    return { mode, name: body.name() };
  },
  unlink: named,
  rmdir: named,
  rename: (body) => ({ toDirectory: body.u64(), flags: 0, name: body.name(), toName: body.name() }),
  rename2: (body) => {
    const [toDirectory, flags] = [body.u64(), body.u32()];
    body.skip(4);
    return { toDirectory, flags, name: body.name(), toName: body.name() };
  },
  link: (body) => ({ from: body.u64(), name: body.name() }),
  open: withFlags,
  opendir: withFlags,
  create: (body) => {
    const [flags, mode] = [body.u32(), body.u32()];
    body.skip(8); // umask, open_flags
    return { flags, mode, name: body.name() };
  },
  read: reading,
  readdir: reading,
  write: (body) => {
    const [fh, offset, size, writeFlags] = [body.u64(), body.u64(), body.u32(), body.u32()];
    body.skip(16); // lock_owner, flags, padding
    return { fh, offset, writeFlags, data: body.bytes(size) };
  },
  statfs: NOTHING,
  release: (body) => ({ fh: body.u64() }),
  releasedir: (body) => ({ fh: body.u64() }),
  fsync: syncing,
  fsyncdir: syncing,
  flush: (body) => {
    const fh = body.u64();
    body.skip(8); // unused, padding
    return { fh, owner: body.u64() };
  },
  getlk: locking,
  setlk: locking,
  setlkw: locking,
  interrupt: (body) => ({ unique: body.u64() }),
  init: (body) => ({
    major: body.u32(),
    minor: body.u32(),
    maxReadahead: body.optionalU32(),
    flags: body.optionalU32(),
  }),
  destroy: NOTHING,
  setxattr: (body) => {
    const [size, flags] = [body.u32(), body.u32()];
    return { name: body.name(), value: body.bytes(size), flags };
  },
  getxattr: (body) => {
    const size = body.u32();
    body.skip(4);
    return { size, name: body.name() };
  },
  listxattr: (body) => ({ size: body.u32() }),
  removexattr: named,
  'batch-forget': (body) => {
    const count = body.u32();
    body.skip(4);
    if (count * 16 > body.left) throw new TooShort();
    return { nodes: Array.from({ length: count }, () => ({ nodeid: body.u64(), lookups: body.u64() })) };
  },
  fallocate: (body) => ({ fh: body.u64(), offset: body.u64(), length: body.u64(), mode: body.u32() }),
  lseek: (body) => ({ fh: body.u64(), offset: body.u64(), whence: body.u32() }),
  'copy-file-range': (body) => {
    const [fh, offset] = [body.u64(), body.u64()];
    body.skip(8); // nodeid_out
    return { fh, offset, toFh: body.u64(), toOffset: body.u64(), length: body.u64() };
  },
};

/** One request, as one read of the device gives it. What it holds does not point into `bytes`. */
export function decodeRequest(bytes: Buffer): Decoded {
  if (bytes.length < IN_HEADER_BYTES) return { outcome: 'malformed', unique: 0n, opcode: 0 };
  const opcode = bytes.readUInt32LE(4);
  const unique = bytes.readBigUInt64LE(8);
  if (bytes.readUInt32LE(0) !== bytes.length) return { outcome: 'malformed', unique, opcode };
  const operation = NAMES.get(opcode);
  if (operation === undefined) return { outcome: 'unknown', unique, opcode };
  const header: Header = {
    unique,
    nodeid: bytes.readBigUInt64LE(16),
    uid: bytes.readUInt32LE(24),
    gid: bytes.readUInt32LE(28),
    pid: bytes.readUInt32LE(32),
  };
  try {
    const body = DECODERS[operation](new Body(bytes.subarray(IN_HEADER_BYTES)));
    return { outcome: 'request', request: { operation, header, body } as FuseRequest };
  } catch (error) {
    if (!(error instanceof TooShort)) throw error;
    return { outcome: 'malformed', unique, opcode };
  }
}
