/**
 * Every operation of a version by the book, as clients combine them: what is recorded here is what mutations begin with. What one server or
 * filesystem does not support (CLONE, xattrs) is recorded all the same; nothing here depends on an answer but handles and stateids.
 */
import type { Op } from '../client/compound.ts';
import { op } from '../client/compound-probe.ts';
import { attributeBitmap, attributeSet, type FileAttributes } from '../nfs4/attributes.ts';
import * as nfs from '../nfs4/constants.ts';
import type { Stateid } from '../nfs4/types.ts';
import type { Actor, SessionActor } from './actor.ts';
import * as ops from './operations.ts';

export const ANONYMOUS: Stateid = { seqid: 0, other: Buffer.alloc(12) };
const CURRENT: Stateid = { seqid: 1, other: Buffer.alloc(12) };
const BYPASS: Stateid = { seqid: 0xffff_ffff, other: Buffer.alloc(12, 0xff) };
export const ATTRIBUTES = attributeBitmap([
  ...([
    'type',
    'change',
    'size',
    'fsid',
    'fileid',
    'filehandle',
    'mode',
    'numLinks',
    'owner',
    'ownerGroup',
  ] as const),
  ...([
    'leaseTime',
    'spaceAvail',
    'spaceUsed',
    'timeAccess',
    'timeModify',
    'rawDev',
    'supportedAttrs',
  ] as const),
]);
const EVERYTHING = [0xffff_ffff, 0xffff_ffff, 0xffff_ffff];

export const at = (object: Buffer): Op => op(ops.putFh, { object });
export const set = (values: FileAttributes) => attributeSet(values);

/** @throws Error one sentence: without a handle there is nothing to rehearse on */
export async function handleAfter(actor: Actor, ...walk: readonly Op[]): Promise<Buffer> {
  const { status, results } = await actor.run(...walk, op(ops.getFh, {}));
  const last = results.at(-1) as { object?: Buffer } | undefined;
  if (last?.object === undefined) throw new Error(`a handle was refused: ${status}`);
  return last.object;
}

export const make = (objName: string, type: number, more: object = {}): Op =>
  op(ops.create, { objType: { type, ...more }, objName, createAttrs: set({ mode: 0o755 }) });

/** What has nothing to do with state, and is the same in all versions. @returns the handle of a file with some content */
export async function rehearseNames(actor: Actor, directory: Buffer): Promise<void> {
  const here = at(directory);
  await actor.run(here, make('directory', nfs.NF4DIR));
  await actor.run(here, make('link', nfs.NF4LNK, { linkData: 'directory/file' }));
  await actor.run(here, make('fifo', nfs.NF4FIFO));
  await actor.run(here, make('socket', nfs.NF4SOCK));
  await actor.run(here, make('device', nfs.NF4CHR, { devData: { major: 1, minor: 3 } }));
  await actor.run(here, op(ops.lookup, { objName: 'link' }), op(ops.readLink, {}));
  await actor.run(
    here,
    op(ops.lookup, { objName: 'directory' }),
    op(ops.lookupp, {}),
    op(ops.getAttr, { attrRequest: ATTRIBUTES }),
  );
  await actor.run(
    here,
    op(ops.getAttr, { attrRequest: EVERYTHING.slice(0, 1) }),
    op(ops.access, { access: 0x3f }),
  );
  await actor.run(here, op(ops.secInfo, { name: 'directory' }));
  await actor.run(
    op(ops.putRootFh, {}),
    op(ops.getFh, {}),
    op(ops.putPubFh, {}),
    op(ops.getAttr, { attrRequest: ATTRIBUTES }),
  );
  for (const cookie of [0n, 3n]) {
    const page = { cookie, cookieVerf: Buffer.alloc(8), dirCount: 4096, maxCount: 32_768 };
    await actor.run(here, op(ops.readDir, { ...page, attrRequest: ATTRIBUTES }));
  }
  await actor.run(here, op(ops.saveFh, {}), op(ops.rename, { oldName: 'fifo', newName: 'pipe' }));
  await actor.run(here, op(ops.saveFh, {}), op(ops.restoreFh, {}), op(ops.remove, { target: 'pipe' }));
  await actor.run(here, op(ops.remove, { target: 'nothing' }));
}

/** What is done to a file that is open. @param stateid of the open */
export async function rehearseFile(
  actor: Actor,
  directory: Buffer,
  file: Buffer,
  stateid: Stateid,
): Promise<void> {
  const here = at(file);
  const data = Buffer.from('some content of the file that all this is about');
  for (const stable of [nfs.UNSTABLE4, nfs.DATA_SYNC4, nfs.FILE_SYNC4] as const)
    await actor.run(here, op(ops.write, { stateid, offset: 0n, stable, data }));
  await actor.run(
    here,
    op(ops.commit, { offset: 0n, count: 0 }),
    op(ops.getAttr, { attrRequest: ATTRIBUTES }),
  );
  await actor.run(here, op(ops.read, { stateid, offset: 0n, count: 4096 }));
  await actor.run(
    here,
    op(ops.read, { stateid: ANONYMOUS, offset: 10n, count: 10 }),
    op(ops.read, { stateid: BYPASS, offset: 0n, count: 1 }),
  );
  await actor.run(here, op(ops.setAttr, { stateid, objAttributes: set({ size: 1000n }) }));
  const times = { timeAccessSet: { seconds: 1n, nseconds: 2 }, timeModifySet: 'server' } as const;
  await actor.run(
    here,
    op(ops.setAttr, {
      stateid: ANONYMOUS,
      objAttributes: set({ mode: 0o640, owner: '0', ownerGroup: '0', ...times }),
    }),
  );
  await actor.run(
    here,
    op(ops.verify, { objAttributes: set({ size: 1000n }) }),
    op(ops.nverify, { objAttributes: set({ size: 1n }) }),
  );
  await actor.run(here, op(ops.saveFh, {}), at(directory), op(ops.link, { newName: 'second name' }));
}

interface Opened {
  readonly file: Buffer;
  readonly stateid: Stateid;
}

/** Versions 4.1 and 4.2. */
export async function rehearseSessions(
  actor: SessionActor,
  directory: Buffer,
  version: 1 | 2,
): Promise<void> {
  await rehearseNames(actor, directory);
  await actor.run(at(directory), op(ops.secInfoNoName, { style: 0 }));
  const opened = await openFile(actor, directory, 'file', {
    mode: nfs.UNCHECKED4,
    createAttrs: set({ mode: 0o644 }),
  });
  await rehearseFile(actor, directory, opened.file, opened.stateid);
  await rehearseOpens(actor, directory, opened);
  const locked = await rehearseLocks(actor, opened);
  await rehearseStateids(actor, opened, locked);
  await rehearseSessionsThemselves(actor);
  if (version === 2) await rehearseVersion2(actor, directory, opened);
}

type How = Extract<
  Parameters<typeof ops.open.encodeArgs>[1]['openHow'],
  { openType: typeof nfs.OPEN4_CREATE }
>['how'];

function openCall(
  actor: Actor,
  claim: Parameters<typeof ops.open.encodeArgs>[1]['claim'],
  how: How | null,
  access = 3,
) {
  const owner = { clientId: actor.clientId, owner: Buffer.from('an owner') };
  const openHow =
    how === null
      ? ({ openType: nfs.OPEN4_NOCREATE } as const)
      : ({ openType: nfs.OPEN4_CREATE, how } as const);
  return op(ops.open, { seqid: 0, shareAccess: access, shareDeny: 0, owner, openHow, claim });
}

async function openFile(actor: Actor, directory: Buffer, name: string, how: How | null): Promise<Opened> {
  const opening = openCall(actor, { claim: nfs.CLAIM_NULL, file: name }, how);
  const { status, results } = await actor.run(at(directory), opening, op(ops.getFh, {}));
  const [, opened, handle] = results;
  if (opened?.status !== 0 || handle?.status !== 0) throw new Error(`OPEN of ${name} was answered ${status}`);
  return { file: handle.object, stateid: opened.stateid };
}

async function rehearseOpens(actor: Actor, directory: Buffer, { file, stateid }: Opened): Promise<void> {
  const verf = Buffer.from('verifier');
  await openFile(actor, directory, 'exclusive', {
    mode: nfs.EXCLUSIVE4_1,
    createBoth: { verf, attrs: set({ mode: 0o600 }) },
  });
  await actor.run(
    at(directory),
    openCall(
      actor,
      { claim: nfs.CLAIM_NULL, file: 'file' },
      { mode: nfs.GUARDED4, createAttrs: set({ size: 0n }) },
    ),
  );
  await actor.run(at(file), openCall(actor, { claim: nfs.CLAIM_FH }, null, 1));
  await actor.run(
    at(file),
    openCall(actor, { claim: nfs.CLAIM_PREVIOUS, delegateType: nfs.OPEN_DELEGATE_READ }, null, 1),
  );
  await actor.run(
    at(directory),
    openCall(actor, { claim: nfs.CLAIM_NULL, file: 'file' }, null, 0x101),
    op(ops.read, { stateid: CURRENT, offset: 0n, count: 9 }),
  );
  await actor.run(
    at(file),
    openCall(actor, { claim: nfs.CLAIM_DELEG_CUR_FH, delegateStateid: stateid }, null),
  );
  const delegateCurInfo = { delegateStateid: stateid, file: 'file' };
  await actor.run(at(directory), openCall(actor, { claim: nfs.CLAIM_DELEGATE_CUR, delegateCurInfo }, null));
  await actor.run(at(file), op(ops.delegReturn, { delegStateid: stateid }));
  await actor.run(op(ops.delegPurge, { clientId: actor.clientId }));
  const spare = await openFile(actor, directory, 'spare', { mode: nfs.UNCHECKED4, createAttrs: set({}) });
  await actor.run(
    at(spare.file),
    op(ops.openDowngrade, { openStateid: spare.stateid, seqid: 0, shareAccess: 1, shareDeny: 0 }),
  );
  await actor.run(at(spare.file), op(ops.close, { seqid: 0, openStateid: { ...spare.stateid, seqid: 0 } }));
}

async function rehearseLocks(actor: Actor, { file, stateid }: Opened): Promise<Stateid> {
  const owner = { clientId: actor.clientId, owner: Buffer.from('a lock owner') };
  const openOwner = { openSeqid: 0, openStateid: { ...stateid, seqid: 0 }, lockSeqid: 0, lockOwner: owner };
  const range = { lockType: nfs.WRITE_LT, reclaim: false, offset: 100n, length: 50n } as const;
  const { results } = await actor.run(
    at(file),
    op(ops.lock, { ...range, locker: { newLockOwner: true, openOwner } }),
  );
  const lockStateid = results[1]?.status === 0 ? results[1].lockStateid : stateid;
  const again = { newLockOwner: false, lockOwner: { lockStateid, lockSeqid: 0 } } as const;
  await actor.run(at(file), op(ops.lock, { ...range, lockType: nfs.READ_LT, offset: 110n, locker: again }));
  await actor.run(at(file), op(ops.lock, { ...range, reclaim: true, locker: again }));
  await actor.run(
    at(file),
    op(ops.lockT, { lockType: nfs.WRITEW_LT, offset: 0n, length: nfs.LENGTH_TO_END_OF_FILE, owner }),
  );
  await actor.run(
    at(file),
    op(ops.lockU, {
      lockType: nfs.WRITE_LT,
      seqid: 0,
      lockStateid: { ...lockStateid, seqid: 0 },
      offset: 120n,
      length: 5n,
    }),
  );
  return lockStateid;
}

async function rehearseStateids(actor: Actor, { stateid }: Opened, locked: Stateid): Promise<void> {
  await actor.run(op(ops.testStateid, { stateids: [stateid, locked, ANONYMOUS] }));
  await actor.run(op(ops.freeStateid, { stateid: locked }));
}

async function rehearseSessionsThemselves(actor: SessionActor): Promise<void> {
  const sessionId = await actor.makeSession();
  await actor.outside(
    op(ops.bindConnToSession, { sessionId, dir: nfs.CDFC4_FORE_OR_BOTH, useConnInRdmaMode: false }),
  );
  await actor.run(op(ops.backchannelCtl, { cbProgram: 0x4000_0000, secParms: [{ secFlavor: 0 }] }));
  await actor.run(op(ops.reclaimComplete, { oneFs: false }));
  await actor.outside(op(ops.destroySession, { sessionId }));
  await actor.outside(op(ops.destroyClientid, { clientId: actor.clientId }));
  const stateProtect = { how: nfs.SP4_NONE } as const;
  const clientOwner = { verifier: Buffer.alloc(8), ownerId: Buffer.from('somebody who never comes back') };
  await actor.outside(op(ops.exchangeId, { clientOwner, flags: 0, stateProtect, clientImplId: null }));
}

async function rehearseVersion2(actor: Actor, directory: Buffer, { file, stateid }: Opened): Promise<void> {
  const here = at(file);
  const target = await openFile(actor, directory, 'copy', { mode: nfs.UNCHECKED4, createAttrs: set({}) });
  await actor.run(here, op(ops.allocate, { stateid, offset: 0n, length: 8192n }));
  await actor.run(here, op(ops.deallocate, { stateid, offset: 4096n, length: 4096n }));
  for (const what of [0, 1]) await actor.run(here, op(ops.seek, { stateid, offset: 0n, what }));
  const both = {
    srcStateid: stateid,
    dstStateid: target.stateid,
    srcOffset: 0n,
    dstOffset: 0n,
    count: 4096n,
  };
  const copying = { ...both, consecutive: true, synchronous: true, sourceServer: [] };
  await actor.run(here, op(ops.saveFh, {}), at(target.file), op(ops.copy, copying));
  await actor.run(here, op(ops.saveFh, {}), at(target.file), op(ops.clone, both));
  await actor.run(
    here,
    op(ops.setXattr, { option: nfs.SETXATTR4_EITHER, name: 'colour', value: Buffer.from('blue') }),
  );
  await actor.run(
    here,
    op(ops.getXattr, { name: 'colour' }),
    op(ops.listXattrs, { cookie: 0n, maxCount: 4096 }),
  );
  await actor.run(here, op(ops.removeXattr, { name: 'colour' }));
}
