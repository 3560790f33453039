/** A filesystem that is at another server for a while (RFC 8881 section 11), and what is asked about one that is not where it was. */
import { isIP } from 'node:net';
import type { Op } from '../client/compound.ts';
import { op, type ProbeReply } from '../client/compound-probe.ts';
import { parseServer } from '../client/server-address.ts';
import type { Clock } from '../core/clock.ts';
import { type AttributeName, attributeBitmap, type FsLocations } from '../nfs4/attributes.ts';
import { getAttr } from '../nfs4/operations/get-attr.ts';
import { type GetFhResult, getFh } from '../nfs4/operations/get-fh.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import { GRACE_AT_MOST_MS } from './life.ts';
import { NotApplicable, Unjudged } from './outcome.ts';
import { walkTo } from './run-directory.ts';
import type { ServerHelper } from './server-helper.ts';

const AGAIN_MS = 500;

export interface Move {
  readonly helper: ServerHelper | null;
  readonly clock: Clock;
  /** Runs while it is away. */
  readonly judge: () => Promise<void>;
  /** Resolves when the server serves it again. */
  readonly untilBack: () => Promise<void>;
}

/**
 * It is brought back also when `judge` throws, and when the move failed, which may mean that it comes late.
 * @throws {NotApplicable} when the helper cannot; {Unjudged} when it failed; and what `judge` and `untilBack` throw
 */
export async function whileMoved({ helper, clock, judge, untilBack }: Move): Promise<void> {
  if (helper === null) throw new NotApplicable('needs --helper');
  const moved = await helper.call(['move-export']).catch(async (failure: Error) => {
    await helper.call(['return-export']).catch(() => {});
    throw new Unjudged(failure.message);
  });
  if (moved === 'unknown-verb') throw new NotApplicable('the helper does not know move-export');
  const bringBack = async () => {
    await returned(helper, clock);
    await untilBack();
  };
  try {
    await judge();
  } finally {
    await bringBack();
  }
}

/** A server may well refuse to move anything while grace runs: it is asked again for as long as that can last. */
async function returned(helper: ServerHelper, clock: Clock): Promise<void> {
  const endMs = clock.nowMs() + GRACE_AT_MOST_MS;
  for (;;) {
    const answer = await helper.call(['return-export']).catch((error: Error) => error);
    if (answer === 'done') return;
    if (answer === 'unknown-verb') throw new Unjudged('the helper knows move-export and not return-export');
    if (clock.nowMs() >= endMs) throw new Unjudged(answer.message);
    await new Promise<void>((go) => void clock.after(AGAIN_MS, go));
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
