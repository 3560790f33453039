import {
  type AttributeName,
  type AttributeSet,
  attributeBitmap,
  attributeNumber,
  type FileAttributes,
  sameAttributes,
} from '../nfs4/attributes.ts';
import {
  type Bitmap,
  bitmapAnd,
  bitmapHas,
  bitmapIsEmpty,
  bitmapOf,
  bitmapOr,
  bitmapWithout,
} from '../nfs4/bitmap.ts';
import * as nfs from '../nfs4/constants.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_ATTRNOTSUPP,
  NFS4ERR_BADOWNER,
  NFS4ERR_FBIG,
  NFS4ERR_INVAL,
  NFS4ERR_NOFILEHANDLE,
} from '../nfs4/status.ts';
import { asksForLocations, locationsHere } from './absent-attributes.ts';
import { statusOfErrno } from './errno-status.ts';
import type { FileNode, FileType, FsAttributes, SettableAttributes } from './filesystem/types.ts';
import { MAX_NAME_BYTES } from './names.ts';
import type { Settings } from './options.ts';
import { attributesOfVersion2, SETTABLE_IN_2, SUPPORTED_IN_2 } from './version-2/own-attributes.ts';

/** The largest offset that record locks and files of the operating system know. */
export const MAX_FILE_OFFSET = 2n ** 63n - 1n;

/** What can be set, and what setting it is called here. */
const WRITABLE: ReadonlyMap<AttributeName, keyof SettableAttributes> = new Map([
  ['size', 'size'],
  ['mode', 'mode'],
  ['owner', 'uid'],
  ['ownerGroup', 'gid'],
  ['timeAccessSet', 'accessTime'],
  ['timeModifySet', 'modifyTime'],
]);

const SPACE_ATTRIBUTES: readonly AttributeName[] = [
  'filesAvail',
  'filesFree',
  'filesTotal',
  'spaceAvail',
  'spaceFree',
  'spaceTotal',
];

/** All that are answered up to version 4.1; RFC 8881 sections 5.6 (all REQUIRED ones) and 5.7. */
const SUPPORTED = attributeBitmap([
  ...SPACE_ATTRIBUTES,
  ...WRITABLE.keys(),
  'supportedAttrs',
  'type',
  'fhExpireType',
  'change',
  'linkSupport',
  'symlinkSupport',
  'namedAttr',
  'fsid',
  'uniqueHandles',
  'leaseTime',
  'rdattrError',
  'aclSupport',
  'canSetTime',
  'caseInsensitive',
  'casePreserving',
  'chownRestricted',
  'filehandle',
  'fileid',
  'fsLocations',
  'homogeneous',
  'maxFileSize',
  'maxName',
  'maxRead',
  'maxWrite',
  'noTrunc',
  'numLinks',
  'rawDev',
  'spaceUsed',
  'timeAccess',
  'timeCreate',
  'timeDelta',
  'timeMetadata',
  'timeModify',
  'mountedOnFileid',
  'suppattrExclcreat',
]);

/** Without the times: an exclusive creation keeps its verifier there. */
const EXCLUSIVE_CREATE = attributeBitmap(['size', 'mode', 'owner', 'ownerGroup']);

/** Version 4.0 has those to mounted_on_fileid (RFC 7530 section 5). */
const LAST_OF_VERSION_0 = attributeNumber('mountedOnFileid');
export const KNOWN_IN_0 = bitmapOf(Array.from({ length: LAST_OF_VERSION_0 + 1 }, (_, number) => number));
const SUPPORTED_IN_0 = bitmapAnd(SUPPORTED, KNOWN_IN_0);
const SUPPORTED_UP_TO_2 = bitmapOr(SUPPORTED, SUPPORTED_IN_2);
const EXCLUSIVE_CREATE_UP_TO_2 = bitmapOr(EXCLUSIVE_CREATE, SETTABLE_IN_2);

const WRITABLE_MASK = attributeBitmap(WRITABLE.keys());
const SPACE_NUMBERS = SPACE_ATTRIBUTES.map(attributeNumber);

const WIRE_TYPE: Record<FileType, nfs.FileType> = {
  regular: nfs.NF4REG,
  directory: nfs.NF4DIR,
  symlink: nfs.NF4LNK,
  fifo: nfs.NF4FIFO,
  socket: nfs.NF4SOCK,
  block: nfs.NF4BLK,
  character: nfs.NF4CHR,
};

/** Time-setting attributes can't be asked for (RFC 8881 section 5.5), nor modes with umasks. Null: fine. */
export function judgeRequest(requested: Bitmap, minorVersion: number): Failure | null {
  if (minorVersion >= 2 && bitmapHas(requested, attributeNumber('modeUmask'))) return NFS4ERR_INVAL;
  for (const name of ['timeAccessSet', 'timeModifySet'] as const) {
    if (bitmapHas(requested, attributeNumber(name))) return NFS4ERR_INVAL;
  }
  return null;
}

/** Attributes of a file, at least those of `requested` that are supported. */
export function readAttributes(
  settings: Settings,
  node: FileNode,
  requested: Bitmap,
  minorVersion: number,
): FileAttributes | Failure {
  const { filesystem } = settings;
  const found = filesystem.attributes(node);
  if (!found.ok) return statusOfErrno(found.errno);
  const values = {
    ...fixedAttributes(settings),
    ...ownAttributes(found.value),
    filehandle: filesystem.handleOf(node),
    ...(asksForLocations(requested) ? { fsLocations: locationsHere(settings, node) } : {}),
    ...(minorVersion === 0 ? { supportedAttrs: SUPPORTED_IN_0 } : {}),
    ...(minorVersion < 2 ? {} : ofVersion2(settings, node, found.value)),
  };
  if (!SPACE_NUMBERS.some((number) => bitmapHas(requested, number))) return values;
  const space = filesystem.space(node);
  if (!space.ok) return statusOfErrno(space.errno);
  return {
    ...values,
    filesAvail: space.value.filesAvailable,
    filesFree: space.value.filesFree,
    filesTotal: space.value.filesTotal,
    spaceAvail: space.value.bytesAvailable,
    spaceFree: space.value.bytesFree,
    spaceTotal: space.value.bytesTotal,
  };
}

const ofVersion2 = (settings: Settings, node: FileNode, attributes: FsAttributes): FileAttributes => ({
  ...attributesOfVersion2(settings.filesystem, node, attributes),
  supportedAttrs: SUPPORTED_UP_TO_2,
  suppattrExclcreat: EXCLUSIVE_CREATE_UP_TO_2,
});

function ownAttributes(attributes: FsAttributes): FileAttributes {
  return {
    type: WIRE_TYPE[attributes.type],
    change: attributes.change,
    size: attributes.size,
    fsid: attributes.fsid,
    fileid: attributes.fileid,
    mountedOnFileid: attributes.mountedOnFileid ?? attributes.fileid,
    mode: attributes.mode,
    numLinks: attributes.links,
    owner: String(attributes.uid),
    ownerGroup: String(attributes.gid),
    rawDev: attributes.device,
    spaceUsed: attributes.spaceUsed,
    timeAccess: attributes.accessTime,
    timeMetadata: attributes.metadataTime,
    timeModify: attributes.modifyTime,
    ...(attributes.createTime === null ? {} : { timeCreate: attributes.createTime }),
  };
}

const fixedAttributes = (settings: Settings): FileAttributes => ({
  supportedAttrs: SUPPORTED,
  suppattrExclcreat: EXCLUSIVE_CREATE,
  fhExpireType: nfs.FH4_PERSISTENT,
  linkSupport: true,
  symlinkSupport: true,
  namedAttr: false,
  uniqueHandles: true,
  // Whole seconds, rounded down: a client that thinks its lease shorter than it is only renews more often.
  leaseTime: Math.max(1, Math.floor(settings.leaseMs / 1000)),
  rdattrError: NFS4_OK,
  // No kind of access control list, so that nobody asks for one.
  aclSupport: 0,
  canSetTime: true,
  caseInsensitive: false,
  casePreserving: true,
  chownRestricted: true,
  homogeneous: true,
  maxFileSize: MAX_FILE_OFFSET,
  maxName: MAX_NAME_BYTES,
  maxRead: BigInt(settings.limits.ioBytes),
  maxWrite: BigInt(settings.limits.ioBytes),
  noTrunc: true,
  timeDelta: { seconds: 0n, nseconds: 1 },
});

/** What an attribute set asks to be set, in the filesystem's terms. */
export function settableFrom(set: AttributeSet): SettableAttributes | Failure {
  if (!bitmapIsEmpty(bitmapWithout(set.mask, SUPPORTED))) return NFS4ERR_ATTRNOTSUPP;
  // Supported, and not to be written (RFC 8881 section 5.5).
  if (!bitmapIsEmpty(bitmapWithout(set.mask, WRITABLE_MASK))) return NFS4ERR_INVAL;
  const { size, mode, owner, ownerGroup, timeAccessSet, timeModifySet } = set.values;
  if (size !== undefined && size > MAX_FILE_OFFSET) return NFS4ERR_FBIG;
  if (mode !== undefined && mode > 0o7777) return NFS4ERR_INVAL;
  // No name at all is none that could be known elsewhere (BADOWNER).
  if (owner === '' || ownerGroup === '') return NFS4ERR_INVAL;
  const uid = owner === undefined ? undefined : parseId(owner);
  const gid = ownerGroup === undefined ? undefined : parseId(ownerGroup);
  if (uid === null || gid === null) return NFS4ERR_BADOWNER;
  const accessTime = timeAccessSet === 'server' ? 'now' : timeAccessSet;
  const modifyTime = timeModifySet === 'server' ? 'now' : timeModifySet;
  for (const time of [accessTime, modifyTime]) {
    if (typeof time === 'object' && time.nseconds >= 1_000_000_000) return NFS4ERR_INVAL;
  }
  return {
    ...(size === undefined ? {} : { size }),
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(accessTime === undefined ? {} : { accessTime }),
    ...(modifyTime === undefined ? {} : { modifyTime }),
  };
}

/** Numeric ids as text, as AUTH_SYS servers and clients exchange them (RFC 8881 section 5.9). */
function parseId(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const id = Number(text);
  // 2^32-1 means "leave it" to chown.
  return id < 0xffff_ffff ? id : null;
}

/** The wire's bitmap of what was set. */
export function bitmapOfSettable(names: readonly (keyof SettableAttributes)[]): Bitmap {
  const set: AttributeName[] = [];
  for (const [attribute, name] of WRITABLE) if (names.includes(name)) set.push(attribute);
  return attributeBitmap(set);
}

/** Are the attributes of the file what `expected` says (VERIFY and NVERIFY, RFC 8881 sections 18.31 and 18.15)? */
export function compareAttributes(
  settings: Settings,
  node: FileNode | null,
  expected: AttributeSet,
  minorVersion: number,
): boolean | Failure {
  if (node === null) return NFS4ERR_NOFILEHANDLE;
  const supported = minorVersion < 2 ? SUPPORTED : SUPPORTED_UP_TO_2;
  if (!bitmapIsEmpty(bitmapWithout(expected.mask, supported))) return NFS4ERR_ATTRNOTSUPP;
  if (bitmapHas(expected.mask, attributeNumber('rdattrError'))) return NFS4ERR_INVAL;
  const bad = judgeRequest(expected.mask, minorVersion);
  if (bad !== null) return bad;
  const values = readAttributes(settings, node, expected.mask, minorVersion);
  return typeof values === 'number' ? values : sameAttributes(expected.mask, values, expected.values);
}
