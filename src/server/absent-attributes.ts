/** What is told of files of a filesystem that is not here (RFC 8881 sections 11.4.1 and 11.4.2, RFC 7530 section 8.3), and where filesystems are. */
import {
  type AttributeSet,
  attributeBitmap,
  attributeNumber,
  type FileAttributes,
  type FsLocations,
  sameAttributes,
} from '../nfs4/attributes.ts';
import { type Bitmap, bitmapHas, bitmapIsEmpty, bitmapWithout } from '../nfs4/bitmap.ts';
import { type Failure, NFS4_OK } from '../nfs4/status.ts';
import { absenceAt, judgePresence } from './absence.ts';
import type { Compound } from './compound.ts';
import { statusOfErrno } from './errno-status.ts';
import type { FileNode } from './filesystem/types.ts';
import type { Settings } from './options.ts';

const FS_LOCATIONS = attributeNumber('fsLocations');
const RDATTR_ERROR = attributeNumber('rdattrError');
/** Nothing else, even where it could be had. */
const COMPARABLE = attributeBitmap(['fsid', 'fsLocations', 'mountedOnFileid']);

/** Who asks for this wants to know about a filesystem though it is not here. */
export const asksForLocations = (requested: Bitmap): boolean => bitmapHas(requested, FS_LOCATIONS);

/** Of a filesystem that is here, for whoever knows that it is: its path from the root, and no other server that has it. */
export function locationsHere({ domains }: Settings, node: FileNode): FsLocations {
  const domain = domains.find(node);
  return { fsRoot: domain === null ? [] : domains.pathOf(domain), locations: [] };
}

/** Of one that is not, or was not while this client was not looking: the same, and the server that has it now. None: nobody knows its address. */
function locationsOf({ domains, locationOf }: Settings, node: FileNode): FsLocations {
  const domain = domains.find(node);
  if (domain === null) return { fsRoot: [], locations: [] };
  const fsRoot = domains.pathOf(domain);
  const place = domain.coordination.place();
  const server = locationOf(place.kind === 'moved' ? place.to : null);
  return { fsRoot, locations: server === null ? [] : [{ server: [server], rootPath: fsRoot }] };
}

/** All that is told to who asks where it is. */
export function absentAttributes(settings: Settings, node: FileNode): FileAttributes | Failure {
  const identity = identityOf(settings, node);
  if (typeof identity === 'number') return identity;
  return { ...identity, rdattrError: NFS4_OK, fsLocations: locationsOf(settings, node) };
}

/** What it is told from other filesystems by. mounted_on_fileid only of its root, where it is of a directory that is here. */
function identityOf({ filesystem }: Settings, node: FileNode): FileAttributes | Failure {
  const found = filesystem.attributes(node);
  if (!found.ok) return statusOfErrno(found.errno);
  const { fsid, mountedOnFileid } = found.value;
  return { fsid, ...(mountedOnFileid === undefined ? {} : { mountedOnFileid }) };
}

/** VERIFY and NVERIFY, where one attribute that is not to be had is enough for MOVED. Null: the filesystem is here. */
export function compareAbsent(compound: Compound, { mask, values }: AttributeSet): boolean | Failure | null {
  const { current } = compound;
  const absence = absenceAt(compound, current);
  if (current === null || absence === null) return null;
  const tellable = asksForLocations(mask) && bitmapIsEmpty(bitmapWithout(mask, COMPARABLE));
  if (!tellable) return judgePresence(compound);
  const known = absentAttributes(compound.server.settings, current);
  return typeof known === 'number' ? known : sameAttributes(mask, known, values);
}

/**
 * READDIR of the directory that it is mounted on. A status fails the whole of it: the client asked neither for locations nor for what is wrong with
 * single entries.
 */
export function absentEntry(
  compound: Compound,
  node: FileNode,
  requested: Bitmap,
): FileAttributes | Failure | null {
  const absence = absenceAt(compound, node);
  if (absence === null) return null;
  const { settings } = compound.server;
  if (asksForLocations(requested)) return absentAttributes(settings, node);
  if (!bitmapHas(requested, RDATTR_ERROR)) return absence;
  const identity = identityOf(settings, node);
  return typeof identity === 'number' ? identity : { ...identity, rdattrError: absence };
}
