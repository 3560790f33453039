import { createHash } from 'node:crypto';
import { DOMAIN_TAG_BYTES } from './handle.ts';
import { type FsResult, failed } from './result.ts';
import type { DirectoryPage, FileNode, FsAttributes, FsSpace, Timestamp } from './types.ts';

/** 8 bytes that stand for the name of a domain: the same on all nodes and in every life, whatever other domains there are. */
export const tagOf = (name: string): Buffer =>
  createHash('sha256').update('domain\0').update(name).digest().subarray(0, DOMAIN_TAG_BYTES);

/** Of the entry in the pseudo root, which is not the file that the domain begins with. 63 bits: larger numbers upset clients. */
export const entryNumberOf = (name: string): bigint => BigInt.asUintN(63, tagOf(name).readBigUInt64BE(0));

const FILEID = 1n;
/** No domain has it: theirs are drawn from their keys. */
export const PSEUDO_FSID: FsAttributes['fsid'] = { major: 0n, minor: 0n };
const NEVER: Timestamp = { seconds: 0n, nseconds: 0 };
const NO_SPACE: FsSpace = {
  bytesTotal: 0n,
  bytesFree: 0n,
  bytesAvailable: 0n,
  filesTotal: 0n,
  filesFree: 0n,
  filesAvailable: 0n,
};

/**
 * The directory above the domains of a node that serves more than one (RFC 8881 section 7.3). It is on no disk:
 * everything about it follows from the names, so that it is the same on all nodes and after every reboot.
 */
export class PseudoRoot {
  readonly node: FileNode = { key: 'root', type: 'directory' };
  /** Nobody has to guess it: PUTROOTFH gives it to everybody. No domain's tag is all zeros. */
  readonly handle = Buffer.concat([Buffer.alloc(DOMAIN_TAG_BYTES), Buffer.from('pseudo root')]);
  readonly space = NO_SPACE;
  readonly attributes: FsAttributes;
  readonly #entries: DirectoryPage['entries'];

  constructor(names: readonly string[]) {
    this.#entries = names
      .map((name) => ({ name, cookie: entryNumberOf(name), fileid: entryNumberOf(name) }))
      .sort((a, b) => (a.cookie < b.cookie ? -1 : 1));
    const listed = this.#entries.map(({ name }) => name).join('\0');
    this.attributes = {
      type: 'directory',
      mode: 0o555,
      links: 2 + names.length,
      uid: 0,
      gid: 0,
      size: BigInt(names.length),
      spaceUsed: 0n,
      fileid: FILEID,
      fsid: PSEUDO_FSID,
      // Another one as soon as the names are others.
      change: createHash('sha256').update(listed).digest().readBigUInt64BE(0),
      accessTime: NEVER,
      modifyTime: NEVER,
      metadataTime: NEVER,
      createTime: null,
      device: { major: 0, minor: 0 },
    };
  }

  /** A cookie stays good when a domain is added or taken away, unless it was that one's. */
  readdir(cookie: bigint, max: number): FsResult<DirectoryPage> {
    const last = this.#entries.findIndex((entry) => entry.cookie === cookie);
    if (cookie !== 0n && last < 0) return failed('EINVAL');
    const rest = this.#entries.slice(last + 1);
    return { ok: true, value: { entries: rest.slice(0, max), eof: rest.length <= max } };
  }
}
