import { constants } from 'node:os';
import type { CallerRights } from './caller-rights.ts';
import { DONE, type Errno, type FsResult, failed, failedWith } from './result.ts';
import { applyAttributes, setTimes } from './setting.ts';
import { accessTimeOf, modeOf, modifyTimeOf, STATX_ATTRIBUTES, STATX_BYTES } from './statx.ts';
import {
  AT_REMOVEDIR,
  close,
  ftruncate,
  linkDescriptor,
  mkdirat,
  mknodat,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_TMPFILE,
  openat,
  reopen,
  statx,
  symlinkat,
  unlinkat,
} from './syscalls.ts';
import type { FileType, InitialAttributes, Timestamp } from './types.ts';

const DEFAULT_FILE_MODE = 0o644;
const DEFAULT_DIRECTORY_MODE = 0o755;
/** Until the attributes are set, nobody but the server may touch what is new. */
const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;
const SET_GROUP_ID = 0o2000;
/** mkdir takes no set-id bits. */
const DIRECTORY_BITS = 0o1777;

const FORMAT = { fifo: 0o010000, character: 0o020000, block: 0o060000, socket: 0o140000 } as const;

const stat = Buffer.alloc(STATX_BYTES);

/**
 * The times that stand for the verifier of an exclusive create (RFC 8881 section 18.16.3). They are the one
 * place that every filesystem has, that survives a reboot of the server, and that all nodes see; extended
 * attributes are missing from tmpfs before Linux 6.6 and elsewhere. 31 bits of each half, since not all
 * filesystems store seconds beyond 2038; a file that was written to no longer matches, which is as it should
 * be.
 */
export function verifierTimes(verifier: Buffer): { access: Timestamp; modify: Timestamp } {
  if (verifier.length !== 8) throw new RangeError('a create verifier has 8 bytes');
  const half = (offset: number): Timestamp => ({
    seconds: BigInt(verifier.readUInt32BE(offset) & 0x7fffffff),
    nseconds: 0,
  });
  return { access: half(0), modify: half(4) };
}

/** Was the file behind a descriptor made by an exclusive create with this verifier, and not changed since? */
export function bearsVerifier(fd: number, verifier: Buffer): FsResult<boolean> {
  const status = statx(fd, STATX_ATTRIBUTES, stat);
  if (status < 0) return failedWith(status);
  const { access, modify } = verifierTimes(verifier);
  const equal = (a: Timestamp, b: Timestamp) => a.seconds === b.seconds && a.nseconds === b.nseconds;
  return { ok: true, value: equal(accessTimeOf(stat), access) && equal(modifyTimeOf(stat), modify) };
}

/**
 * Makes regular files. Where the filesystem can (O_TMPFILE), a file gets its attributes and its verifier before
 * it gets its name: whoever sees it sees it complete, and a crash in between leaves nothing. Elsewhere it is
 * made under its name, closed to everybody else until it is complete.
 */
export class RegularFileMaker {
  #nameless: boolean;
  readonly #callerOwns: boolean;

  /**
   * `nameless: false`: as if the filesystem had no O_TMPFILE.
   * @param callerOwns {@link CallerRights.callerOwns}
   */
  constructor(nameless = true, callerOwns = false) {
    this.#nameless = nameless;
    this.#callerOwns = callerOwns;
  }

  /** An O_PATH descriptor of the new file. EEXIST when the name is taken. */
  make(dir: number, name: string, attributes: InitialAttributes, verifier: Buffer | null): FsResult<number> {
    const mode = this.#callerOwns ? (attributes.mode ?? DEFAULT_FILE_MODE) : PRIVATE_FILE;
    if (this.#nameless) {
      const fd = openat(dir, '.', O_TMPFILE | O_RDWR, mode);
      if (fd >= 0)
        return this.#finish(
          fd,
          attributes,
          verifier,
          () => linkDescriptor(fd, dir, name),
          () => {},
        );
      // EISDIR: a kernel or filesystem that does not know the flag.
      if (fd !== -constants.errno.EOPNOTSUPP && fd !== -constants.errno.EISDIR) return failedWith(fd);
      this.#nameless = false;
    }
    const fd = openat(dir, name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, mode);
    if (fd < 0) return failedWith(fd);
    return this.#finish(
      fd,
      attributes,
      verifier,
      () => 0,
      () => unlinkat(dir, name, 0),
    );
  }

  #finish(
    fd: number,
    attributes: InitialAttributes,
    verifier: Buffer | null,
    publish: () => number,
    discard: () => void,
  ): FsResult<number> {
    try {
      const { mode = DEFAULT_FILE_MODE, ...rest } = attributes;
      const initial = this.#callerOwns ? rest : { ...rest, mode };
      let problem = applyAttributes(fd, initial, (size) => ftruncate(fd, size)).errno;
      if (problem === null && verifier !== null) {
        const { access, modify } = verifierTimes(verifier);
        problem = errnoOf(setTimes(fd, access, modify));
      }
      if (problem !== null) {
        discard();
        return failed(problem);
      }
      const status = publish();
      if (status < 0) return failedWith(status);
      const path = reopen(fd, O_PATH);
      return path < 0 ? failedWith(path) : { ok: true, value: path };
    } finally {
      close(fd);
    }
  }
}

/** An O_PATH descriptor of the new directory. @param callerOwns {@link CallerRights.callerOwns} */
export function makeDirectory(
  dir: number,
  name: string,
  attributes: InitialAttributes,
  callerOwns: boolean,
): FsResult<number> {
  const { mode = DEFAULT_DIRECTORY_MODE, ...rest } = attributes;
  const status = mkdirat(dir, name, callerOwns ? mode & DIRECTORY_BITS : PRIVATE_DIRECTORY);
  if (status < 0) return failedWith(status);
  return complete(dir, name, AT_REMOVEDIR, (fd) => {
    if (callerOwns && (mode & ~DIRECTORY_BITS) === 0) return rest;
    // The directory may have got its set-group-id bit from the one above; chmod would take it away again.
    if (statx(fd, STATX_ATTRIBUTES, stat) < 0) return { ...rest, mode };
    return { ...rest, mode: mode | (modeOf(stat) & SET_GROUP_ID) };
  });
}

/** An O_PATH descriptor of the new symbolic link. It has no mode of its own. */
export function makeSymlink(
  dir: number,
  name: string,
  target: string,
  attributes: InitialAttributes,
): FsResult<number> {
  const status = symlinkat(target, dir, name);
  if (status < 0) return failedWith(status);
  const { mode: _, ...rest } = attributes;
  return complete(dir, name, 0, () => rest);
}

/** An O_PATH descriptor of the new special file. */
export function makeSpecial(
  dir: number,
  name: string,
  type: Extract<FileType, keyof typeof FORMAT>,
  device: { readonly major: number; readonly minor: number },
  attributes: InitialAttributes,
  callerOwns: boolean,
): FsResult<number> {
  const { mode = DEFAULT_FILE_MODE, ...rest } = attributes;
  const number = type === 'block' || type === 'character' ? deviceNumber(device) : 0n;
  const status = mknodat(dir, name, FORMAT[type] | (callerOwns ? mode : PRIVATE_FILE), number);
  if (status < 0) return failedWith(status);
  return complete(dir, name, 0, () => (callerOwns ? rest : { ...rest, mode }));
}

/** Gives something new its attributes, or removes it again when it cannot have them. */
function complete(
  dir: number,
  name: string,
  removal: number,
  attributes: (fd: number) => InitialAttributes,
): FsResult<number> {
  const fd = openat(dir, name, O_PATH | O_NOFOLLOW);
  if (fd < 0) return failedWith(fd);
  const { errno } = applyAttributes(fd, attributes(fd), () => 'EINVAL');
  if (errno === null) return { ok: true, value: fd };
  close(fd);
  unlinkat(dir, name, removal);
  return failed(errno);
}

const errnoOf = (status: number | Errno): Errno | null => {
  if (typeof status === 'string') return status;
  const outcome = status < 0 ? failedWith(status) : DONE;
  return outcome.ok ? null : outcome.errno;
};

/** `dev_t` as glibc packs it. */
function deviceNumber({ major, minor }: { readonly major: number; readonly minor: number }): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return ((a & 0xfffff000n) << 32n) | ((a & 0xfffn) << 8n) | ((b & 0xffffff00n) << 12n) | (b & 0xffn);
}
