import { type FileIdentity, type IdentityForm, MAX_IDENTITY_BYTES } from './handle.ts';
import { inodeAndBirth } from './statx.ts';
import {
  AT_HANDLE_FID,
  close,
  fstatfs,
  MAX_HANDLE_BYTES,
  nameToHandle,
  O_PATH,
  openByHandle,
} from './syscalls.ts';

/**
 * Which of a file's properties names it for good, on every node and after every reboot, and whether the
 * kernel finds the file by it. Both are properties of the filesystem and of the process's rights: asked once.
 */
export interface IdentityScheme {
  readonly form: IdentityForm;
  /**
   * `kernel`: open_by_handle_at. `search`: remembered places, and a search of the export when there is none.
   */
  readonly resolution: 'kernel' | 'search';
}

/** `struct file_handle`: handle_bytes, handle_type, then the handle itself. */
const handle = Buffer.alloc(8 + MAX_HANDLE_BYTES);
const mountId = Buffer.alloc(4);

/** The generic identifier: 64 bits of inode number and 32 of generation, whatever the filesystem. */
const FILEID_INO64_GEN = 0x81;
/**
 * FUSE_SUPER_MAGIC: its handles hold the daemon's node ids, which the kernel forgets together with the cache.
 */
const FUSE_MAGIC = 0x65735546n;

/**
 * The identity of the file behind a descriptor. `stat` holds its statx answer, with STATX_IDENTITY.
 * A number is minus an error number.
 */
export function identityOf(fd: number, form: IdentityForm, stat: Buffer): FileIdentity | number {
  if (form === 'inode') return { form, bytes: inodeAndBirth(stat) };
  const status = readHandle(fd, form);
  if (status < 0) return status;
  // handle_type stays in front: it says how the kernel reads the rest.
  return { form, bytes: Buffer.from(handle.subarray(4, 8 + handle.readUInt32LE(0))) };
}

/** Opens a file by its `kernel` identity. `mount`: a descriptor of the export's root, not an O_PATH one. */
export function openByIdentity(mount: number, identity: FileIdentity, flags: number): number {
  handle.writeUInt32LE(identity.bytes.length - 4, 0);
  identity.bytes.copy(handle, 4);
  return openByHandle(mount, handle, flags);
}

/** Tries on the export's root what this filesystem and this process's rights allow. */
export function detectScheme(root: number, wanted?: Partial<IdentityScheme>): IdentityScheme {
  const form = wanted?.form ?? bestForm(root);
  const resolution = wanted?.resolution ?? (form === 'kernel' && mayOpenByHandle(root) ? 'kernel' : 'search');
  return { form, resolution };
}

function bestForm(root: number): IdentityForm {
  const statfs = Buffer.alloc(120);
  if (fstatfs(root, statfs) === 0 && statfs.readBigUInt64LE(0) === FUSE_MAGIC) return 'inode';
  if (readHandle(root, 'kernel') >= 0 && fitsIntoHandle()) return 'kernel';
  // EOPNOTSUPP: overlayfs without nfs_export, for one. There a file from a lower layer gets another birth time
  // when it is first written to, and with it another identity: clients that hold it are told ESTALE, never
  // given a wrong file.
  if (readHandle(root, 'identifier') >= 0 && fitsIntoHandle() && !isBareInodeNumber()) return 'identifier';
  return 'inode';
}

function readHandle(fd: number, form: 'kernel' | 'identifier'): number {
  handle.writeUInt32LE(MAX_HANDLE_BYTES, 0);
  return nameToHandle(fd, handle, mountId, form === 'identifier' ? AT_HANDLE_FID : 0);
}

const fitsIntoHandle = (): boolean => 4 + handle.readUInt32LE(0) <= MAX_IDENTITY_BYTES;

/**
 * An identifier without a generation would give a deleted file's handle to the next file with its inode number.
 * The inode form has the birth time as well.
 */
const isBareInodeNumber = (): boolean =>
  handle.readInt32LE(4) === FILEID_INO64_GEN && handle.readUInt32LE(16) === 0;

/**
 * open_by_handle_at wants CAP_DAC_READ_SEARCH in the first user namespace; to the root of another one newer
 * kernels allow it for directories at most, which is why O_DIRECTORY is not asked for here.
 */
function mayOpenByHandle(root: number): boolean {
  if (readHandle(root, 'kernel') < 0) return false;
  const fd = openByHandle(root, handle, O_PATH);
  if (fd < 0) return false;
  close(fd);
  return true;
}
