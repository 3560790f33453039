/** A filesystem that is at another server for a while (RFC 8881 section 11), and what is asked about one that is not where it was. */
import { isIP } from 'node:net';
import type { Op } from '../client/compound.ts';
import { op, type ProbeReply } from '../client/compound-probe.ts';
import { parseServer } from '../client/server-address.ts';
import { type AttributeName, attributeBitmap, type FsLocations } from '../nfs4/attributes.ts';
import { getAttr } from '../nfs4/operations/get-attr.ts';
import { type GetFhResult, getFh } from '../nfs4/operations/get-fh.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import { NotApplicable, Unjudged } from './outcome.ts';
import { walkTo } from './run-directory.ts';
import type { HelperOutcome, ServerHelper } from './server-helper.ts';

/**
 * It is brought back also when `judge` throws, and when the move failed, which may mean that it comes late.
 * @param untilBack resolves when the server serves it again
 * @throws {NotApplicable} when the helper cannot; {Unjudged} when it failed; and what `judge` and `untilBack` throw
 */
export async function whileMoved(
  helper: ServerHelper | null,
  judge: () => Promise<void>,
  untilBack: () => Promise<void>,
): Promise<void> {
  if (helper === null) throw new NotApplicable('needs --helper');
  const tell = (verb: 'move-export' | 'return-export'): Promise<HelperOutcome> =>
    helper.call([verb]).catch((error: Error) => {
      throw new Unjudged(error.message);
    });
  const moved = await tell('move-export').catch(async (failure: Error) => {
    await tell('return-export').catch(() => {});
    throw failure;
  });
  if (moved === 'unknown-verb') throw new NotApplicable('the helper does not know move-export');
  const bringBack = async () => {
    const back = await tell('return-export');
    if (back === 'unknown-verb') throw new Unjudged('the helper knows move-export and not return-export');
    await untilBack();
  };
  try {
    await judge();
  } finally {
    await bringBack();
  }
}

/** A client of any version. */
interface Asking {
  run<const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>>;
}

/** GETFH: about as little as can be asked of a file. */
export async function reach(client: Asking, object: Buffer): Promise<string> {
  return (await client.run(op(putFh, { object }), op(getFh, {}))).status;
}

export async function ask(client: Asking, object: Buffer, attribute: AttributeName): Promise<string> {
  const request = op(getAttr, { attrRequest: attributeBitmap([attribute]) });
  return (await client.run(op(putFh, { object }), request)).status;
}

/** GETATTR of fs_locations. @param behind in the same COMPOUND */
export async function askWhere(
  client: Asking,
  object: Buffer,
  ...behind: readonly Op[]
): Promise<{ status: string; locations: FsLocations | null }> {
  const request = op(getAttr, { attrRequest: attributeBitmap(['fsLocations']) });
  const { status, results } = await client.run(op(putFh, { object }), request, ...behind);
  const got = results[1];
  if (got?.status !== NFS4_OK)
    return { status: got === undefined ? status : statusName(got.status), locations: null };
  return { status: 'OK', locations: got.objAttributes.values.fsLocations ?? null };
}

/** @returns the handle of what this path leads to from the server's root */
export async function walk(
  client: Asking,
  path: readonly string[],
): Promise<{ status: string; handle: Buffer | null }> {
  const { status, results } = await client.run(...walkTo(path), op(getFh, {}));
  const last = results.at(-1) as GetFhResult | undefined;
  return { status, handle: status === 'OK' && last?.status === NFS4_OK ? last.object : null };
}

/**
 * Where to look for `path` of the server that gave the locations, by the first of them; null: `path` is not in what they are about, or there are
 * none.
 */
export function pathThere({ fsRoot, locations }: FsLocations, path: readonly string[]): string[] | null {
  const [first] = locations;
  const isInside = fsRoot.every((name, index) => name === path[index]);
  return first === undefined || !isInside ? null : [...first.rootPath, ...path.slice(fsRoot.length)];
}

/** The servers that are named, and whether one of them can be `host`: a name may stand for anything, and an address for itself alone. */
export function serversOf({ locations }: FsLocations, host: string): { names: string; mayBe: boolean } {
  const names = locations.flatMap(({ server }) => server);
  const hosts = names.flatMap((name) => parseServer(name, ANY_PORT)?.host ?? []);
  const mayBe = hosts.some((each) => each === host || isIP(each) === 0 || isIP(each) !== isIP(host));
  return { names: names.length === 0 ? 'nobody' : names.join(', '), mayBe };
}

/** Ports are not compared. */
const ANY_PORT = 0;
