/** Every operation of version 4.0 by the book. */
import { op } from '../client/compound-probe.ts';
import * as nfs from '../nfs4/constants.ts';
import type { Stateid } from '../nfs4/types.ts';
import type { SessionlessActor } from './actor.ts';
import * as ops from './operations.ts';
import { at, rehearseFile, rehearseNames, set } from './rehearsal.ts';

type OpenArgs = Parameters<typeof ops.open.encodeArgs>[1];

interface Opened {
  readonly file: Buffer;
  readonly stateid: Stateid;
}

export async function rehearseSessionless(actor: SessionlessActor, directory: Buffer): Promise<void> {
  await rehearseNames(actor, directory);
  const opened = await openFile(actor, directory, 'file', 'an owner');
  await rehearseFile(actor, directory, opened.file, opened.stateid);
  await rehearseLocks(actor, opened);
  const spare = await openFile(actor, directory, 'spare', 'another owner');
  await actor.inSequence('another owner', (seqid) => [
    at(spare.file),
    op(ops.openDowngrade, { openStateid: spare.stateid, seqid, shareAccess: 1, shareDeny: 0 }),
  ]);
  await actor.inSequence('another owner', (seqid) => [
    at(spare.file),
    op(ops.close, { seqid, openStateid: { ...spare.stateid, seqid: spare.stateid.seqid + 1 } }),
  ]);
  await openFile(actor, directory, 'exclusive', 'a third owner', {
    mode: nfs.EXCLUSIVE4,
    createVerf: Buffer.alloc(8, 7),
  });
  await actor.run(at(opened.file), op(ops.delegReturn, { delegStateid: opened.stateid }));
  await actor.run(op(ops.delegPurge, { clientId: actor.clientId }));
  await actor.run(op(ops.renew, { clientId: actor.clientId }));
  await actor.run(
    op(ops.setClientid, {
      client: { verifier: Buffer.alloc(8), id: Buffer.from('somebody who never comes back') },
      callback: { cbProgram: 0x4000_0000, cbLocation: { netId: 'tcp', address: '127.0.0.1.0.9' } },
      callbackIdent: 1,
    }),
  );
}

async function openFile(
  actor: SessionlessActor,
  directory: Buffer,
  file: string,
  name: string,
  how: Extract<OpenArgs['openHow'], { openType: typeof nfs.OPEN4_CREATE }>['how'] = {
    mode: nfs.UNCHECKED4,
    createAttrs: set({ mode: 0o644 }),
  },
): Promise<Opened> {
  const owner = { clientId: actor.clientId, owner: Buffer.from(name) };
  const claim = { claim: nfs.CLAIM_NULL, file } as const;
  const { status, results } = await actor.inSequence(name, (seqid) => [
    at(directory),
    op(ops.open, {
      seqid,
      shareAccess: 3,
      shareDeny: 0,
      owner,
      openHow: { openType: nfs.OPEN4_CREATE, how },
      claim,
    }),
    op(ops.getFh, {}),
  ]);
  const [, opened, handle] = results as [
    unknown,
    { stateid?: Stateid; rflags?: number }?,
    { object?: Buffer }?,
  ];
  if (opened?.stateid === undefined || handle?.object === undefined)
    throw new Error(`OPEN of ${file} was answered ${status}`);
  const { object } = handle;
  if (((opened.rflags ?? 0) & nfs.OPEN4_RESULT_CONFIRM) === 0)
    return { file: object, stateid: opened.stateid };
  const openStateid = opened.stateid;
  const confirmed = await actor.inSequence(name, (seqid) => [
    at(object),
    op(ops.openConfirm, { openStateid, seqid }),
  ]);
  const [, result] = confirmed.results;
  return { file: object, stateid: result?.status === 0 ? result.openStateid : openStateid };
}

async function rehearseLocks(actor: SessionlessActor, { file, stateid }: Opened): Promise<void> {
  const owner = { clientId: actor.clientId, owner: Buffer.from('a lock owner') };
  const range = { lockType: nfs.WRITE_LT, reclaim: false, offset: 100n, length: 50n } as const;
  const { results } = await actor.inSequence('an owner', (openSeqid) => [
    at(file),
    op(ops.lock, {
      ...range,
      locker: {
        newLockOwner: true,
        openOwner: { openSeqid, openStateid: stateid, lockSeqid: 0, lockOwner: owner },
      },
    }),
  ]);
  const lockStateid = results[1]?.status === 0 ? results[1].lockStateid : stateid;
  await actor.run(
    at(file),
    op(ops.lock, {
      ...range,
      offset: 300n,
      locker: { newLockOwner: false, lockOwner: { lockStateid, lockSeqid: 1 } },
    }),
  );
  await actor.run(at(file), op(ops.lockT, { lockType: nfs.WRITE_LT, offset: 0n, length: 1000n, owner }));
  const last = { ...lockStateid, seqid: lockStateid.seqid + 1 };
  await actor.run(
    at(file),
    op(ops.lockU, { lockType: nfs.WRITE_LT, seqid: 2, lockStateid: last, offset: 120n, length: 5n }),
  );
  await actor.run(op(ops.releaseLockowner, { lockOwner: owner }));
}
