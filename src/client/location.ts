/** Where a filesystem is, as its server tells (RFC 8881 sections 11.4 and 11.16). */
import { attributeBitmap, type FsId, type FsLocations } from '../nfs4/attributes.ts';
import { type GetAttrResult, getAttr } from '../nfs4/operations/get-attr.ts';
import { lookup } from '../nfs4/operations/lookup.ts';
import { putRootFh } from '../nfs4/operations/put-root-fh.ts';
import { NFS4_OK, NFS4ERR_MOVED, type Status } from '../nfs4/status.ts';
import { type Op, op } from './compound.ts';
import { parseServer, type ServerAddress } from './server-address.ts';
import type { Outcome, Session } from './session.ts';
import { NEVER_MS } from './waiting.ts';

export interface Location {
  /** The directories that lead to the filesystem from the root of the server. */
  readonly root: readonly string[];
  /** Where else it is, the best one first; none: the server knows of no other one. */
  readonly servers: readonly ServerAddress[];
}

interface Step {
  readonly fsid: FsId;
  readonly locations: FsLocations | undefined;
}

const FSID = attributeBitmap(['fsid']);
/** Asked for together they are answered for a filesystem that is not there, too (section 11.4.1). */
const FSID_AND_LOCATIONS = attributeBitmap(['fsid', 'fsLocations']);

/**
 * Of the filesystem that the last of these directories is in, or the first one on the way that is not there. Its root is found by the fsid,
 * which changes where a filesystem begins. Null when the session ended, or the server would not say.
 * @param port of servers that are named without one
 */
export async function locate(
  session: Session,
  directories: readonly string[],
  port: number,
): Promise<Location | null> {
  const asked = [[], ...directories.map((objName) => [op(lookup, { objName })])].map((way) => ({
    way,
    attributes: op(getAttr, { attrRequest: FSID_AND_LOCATIONS }),
  }));
  const outcome = await execute(session, [
    op(putRootFh, {}),
    ...asked.flatMap(({ way, attributes }) => [...way, attributes]),
  ]);
  if (outcome.kind !== 'reply') return null;
  const { reply } = outcome;
  // LOOKUP in a filesystem that is not there is answered MOVED, after all has been said about it.
  if (reply.status !== NFS4_OK && reply.status !== NFS4ERR_MOVED) return null;
  const steps: Step[] = [];
  for (const { attributes } of asked) {
    const result = reply.of(attributes);
    if (result === null) break;
    const step = stepOf(result);
    if (step === null) return null;
    steps.push(step);
  }
  const last = steps.at(-1);
  if (last === undefined) return null;
  const outside = steps.findLastIndex(({ fsid }) => !isSame(fsid, last.fsid));
  const root = directories.slice(0, outside + 1);
  return { root, servers: serversIn(last.locations, root, port) };
}

/** What the server says to a request that is about this directory and could as well be about any other file: MOVED, when its filesystem is not there. */
export async function statusOf(session: Session, directories: readonly string[]): Promise<Status | null> {
  const outcome = await execute(session, [
    op(putRootFh, {}),
    ...directories.map((objName) => op(lookup, { objName })),
    op(getAttr, { attrRequest: FSID }),
  ]);
  return outcome.kind === 'reply' ? outcome.reply.status : null;
}

function execute(session: Session, request: readonly Op[]): Promise<Outcome> {
  return session.execute({ request: () => request, cacheReply: false, deadlineMs: NEVER_MS });
}

function stepOf(result: GetAttrResult): Step | null {
  if (result.status !== NFS4_OK) return null;
  const { fsid, fsLocations: locations } = result.objAttributes.values;
  return fsid === undefined ? null : { fsid, locations };
}

const isSame = (a: FsId, b: FsId): boolean => a.major === b.major && a.minor === b.minor;

/** A place where it goes by another path is of no use: our names of its files would mean others there. */
function serversIn(
  locations: FsLocations | undefined,
  root: readonly string[],
  port: number,
): ServerAddress[] {
  return (locations?.locations ?? []).flatMap(({ server, rootPath }) =>
    rootPath.length === root.length && rootPath.every((name, index) => name === root[index])
      ? server.flatMap((name) => parseServer(name, port) ?? [])
      : [],
  );
}
