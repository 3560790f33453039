import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The bytes of an NFS file handle (RFC 8881 section 4):
 *
 *     0     version of this layout, 1
 *     1     form of the identity, see IdentityForm
 *     2-17  HMAC-SHA-256 of bytes 0, 1 and the identity, truncated to 128 bits
 *     18-   identity of the file within the shared filesystem
 *
 * All nodes of a domain have the same key, so a handle from one is good on any other. Without the key none can
 * be made: an identity alone would open every file of the filesystem, inside the export or not.
 */
const VERSION = 1;
const MAC_AT = 2;
const MAC_BYTES = 16;
const IDENTITY_AT = MAC_AT + MAC_BYTES;
/** NFS4_FHSIZE (RFC 8881 section 3.1). */
const NFS_MAX_BYTES = 128;
/** Left free, so that a node that serves several domains can say in front which one a handle is of (composite.ts). */
export const DOMAIN_TAG_BYTES = 8;
const MAX_BYTES = NFS_MAX_BYTES - DOMAIN_TAG_BYTES;

export const MAX_IDENTITY_BYTES = MAX_BYTES - IDENTITY_AT;
export const MIN_KEY_BYTES = 16;

/**
 * - `kernel`: what name_to_handle_at gives; open_by_handle_at takes it back.
 * - `identifier`: the same with AT_HANDLE_FID, from filesystems whose handles cannot be opened.
 * - `inode`: inode number and birth time.
 */
export type IdentityForm = 'kernel' | 'identifier' | 'inode';
const FORMS: readonly IdentityForm[] = ['kernel', 'identifier', 'inode'];

/** An identity with its form: what makes two handles mean the same file. */
export interface FileIdentity {
  readonly form: IdentityForm;
  readonly bytes: Buffer;
}

/** Equal for equal identities only. */
export const keyOf = (identity: FileIdentity): string =>
  String.fromCharCode(FORMS.indexOf(identity.form)) + identity.bytes.toString('latin1');

/**
 * The key of the identity in a handle that nobody has checked yet: good for finding a known file to compare the
 * whole handle with, and for nothing else. Null: no handle looks like that.
 */
export function uncheckedKeyOf(handle: Buffer): string | null {
  const form = handle[1];
  if (handle.length <= IDENTITY_AT || handle.length > MAX_BYTES || form === undefined) return null;
  return String.fromCharCode(form) + handle.toString('latin1', IDENTITY_AT);
}

/** In constant time for handles of the same length, so that nobody can guess an HMAC byte by byte. */
export const sameHandle = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

export function sealHandle(identity: FileIdentity, key: Buffer): Buffer {
  const handle = Buffer.alloc(IDENTITY_AT + identity.bytes.length);
  handle[0] = VERSION;
  handle[1] = FORMS.indexOf(identity.form);
  identity.bytes.copy(handle, IDENTITY_AT);
  macOf(handle, key).copy(handle, MAC_AT);
  return handle;
}

/**
 * The identity in a handle of this domain; null: it was never given out, or was altered. The bytes are copied.
 */
export function openHandle(handle: Buffer, key: Buffer): FileIdentity | null {
  if (handle.length <= IDENTITY_AT || handle.length > MAX_BYTES || handle[0] !== VERSION) return null;
  const form = FORMS[handle[1] as number];
  if (form === undefined) return null;
  if (!timingSafeEqual(macOf(handle, key), handle.subarray(MAC_AT, IDENTITY_AT))) return null;
  return { form, bytes: Buffer.from(handle.subarray(IDENTITY_AT)) };
}

function macOf(handle: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(handle.subarray(0, MAC_AT))
    .update(handle.subarray(IDENTITY_AT))
    .digest()
    .subarray(0, MAC_BYTES);
}

/** 16 bytes that are the same on all nodes of the domain, and different for each purpose and key. */
export const domainConstant = (purpose: string, key: Buffer): Buffer =>
  createHmac('sha256', key).update(`constant:${purpose}`).digest().subarray(0, 16);
