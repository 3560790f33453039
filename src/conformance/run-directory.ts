/** The directory that a run makes for itself below the path that it was given, and takes away at the end. */
import { op } from '../client/compound-probe.ts';
import { attributeBitmap, attributeSet } from '../nfs4/attributes.ts';
import { NF4DIR } from '../nfs4/constants.ts';
import { create } from '../nfs4/operations/create.ts';
import { getAttr } from '../nfs4/operations/get-attr.ts';
import { type GetFhResult, getFh } from '../nfs4/operations/get-fh.ts';
import { lookup } from '../nfs4/operations/lookup.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { putRootFh } from '../nfs4/operations/put-root-fh.ts';
import { readDir } from '../nfs4/operations/read-dir.ts';
import { remove } from '../nfs4/operations/remove.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import { Unjudged } from './outcome.ts';
import type { WireClient } from './wire-client.ts';

const ATTRIBUTES = attributeBitmap(['leaseTime']);
/** For all: clients of the tests are several users. */
const MODE = 0o777;

/** From the server's root. */
export const walkTo = (path: readonly string[]) => [
  op(putRootFh, {}),
  ...path.map((objName) => op(lookup, { objName })),
];

/** The server's lease time; null when it does not say, or says less than a second. */
export async function readLeaseMs(client: WireClient): Promise<number | null> {
  const { results } = await client.run(op(putRootFh, {}), op(getAttr, { attrRequest: ATTRIBUTES }));
  const [, got] = results;
  const seconds = got?.status === NFS4_OK ? (got.objAttributes.values.leaseTime ?? 0) : 0;
  return seconds === 0 ? null : seconds * 1000;
}

/** @returns its handle @throws {Unjudged} when it cannot be made */
export async function makeRunDirectory(
  client: WireClient,
  path: readonly string[],
  name: string,
): Promise<Buffer> {
  const made = await client.run(
    ...walkTo(path),
    op(create, { objType: { type: NF4DIR }, objName: name, createAttrs: attributeSet({ mode: MODE }) }),
  );
  if (made.status !== 'OK')
    throw new Unjudged(`cannot make a directory in /${path.join('/')}: ${made.status}`);
  const { status, results } = await client.run(...walkTo([...path, name]), op(getFh, {}));
  const last = results.at(-1) as GetFhResult | undefined;
  if (last?.status !== NFS4_OK) throw new Unjudged(`the directory that was made cannot be found: ${status}`);
  return last.object;
}

/** @returns whether it is gone, with everything in it */
export async function removeRunDirectory(
  client: WireClient,
  path: readonly string[],
  name: string,
  handle: Buffer,
): Promise<boolean> {
  for (;;) {
    const names = await someNames(client, handle);
    if (names.length === 0) break;
    for (const target of names) {
      const { status } = await client.run(op(putFh, { object: handle }), op(remove, { target }));
      if (status !== 'OK' && status !== 'NOENT') return false;
    }
  }
  return (await client.run(...walkTo(path), op(remove, { target: name }))).status === 'OK';
}

async function someNames(client: WireClient, handle: Buffer): Promise<string[]> {
  const { results } = await client.run(
    op(putFh, { object: handle }),
    op(readDir, {
      cookie: 0n,
      cookieVerf: Buffer.alloc(8),
      dirCount: 4096,
      maxCount: 16_384,
      attrRequest: [],
    }),
  );
  const [, read] = results;
  return read?.status === NFS4_OK ? read.reply.entries.map(({ name }) => name) : [];
}
