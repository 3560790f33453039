/** What is measured: cycles of requests, each of which leaves everything as it was. */
import { op } from '../../client/compound-probe.ts';
import { attributeBitmap } from '../../nfs4/attributes.ts';
import type { OperationCall } from '../../nfs4/compound.ts';
import * as nfs from '../../nfs4/constants.ts';
import { close } from '../../nfs4/operations/close.ts';
import { getAttr } from '../../nfs4/operations/get-attr.ts';
import { lock } from '../../nfs4/operations/lock.ts';
import { lockU } from '../../nfs4/operations/lock-u.ts';
import { open } from '../../nfs4/operations/open.ts';
import { putFh } from '../../nfs4/operations/put-fh.ts';
import { read } from '../../nfs4/operations/read.ts';
import { write } from '../../nfs4/operations/write.ts';
import type { Stateid } from '../../nfs4/types.ts';
import type { BenchSession, OpenedFile } from './bench-session.ts';
import type { RequestTemplate } from './request-template.ts';

/** One request of a cycle. */
export interface CycleStep {
  readonly template: RequestTemplate;
  /** A reply with less in it is not what was asked for; default 0. */
  readonly replyBytes?: number;
  /** What its reply is needed for by the next one. */
  readonly onReply?: (session: BenchSession, reply: Buffer) => void;
}

export interface Workload {
  readonly name: string;
  /** For people: what one cycle is. */
  readonly title: string;
  /** Moved by one cycle; 0: it is about requests. */
  readonly bytes: number;
  /** The requests that a slot sends again and again. */
  readonly cycle: (session: BenchSession, file: OpenedFile, slotId: number) => Promise<readonly CycleStep[]>;
}

/** Bytes that a slot locks; each has a range of its own, so that nobody is refused. */
const LOCK_BYTES = 64n;
const KIB = 1024;
const MIB = 1024 * KIB;
/** Of a stateid in 4.1: the newest (RFC 8881 section 8.2.2), so that a template needs no change. */
const NEWEST = 0;
/** What the Linux client asks for when it revalidates a file. */
const USUAL_ATTRIBUTES = attributeBitmap([
  'type',
  'change',
  'size',
  'fsid',
  'fileid',
  'mode',
  'numLinks',
  'owner',
  'ownerGroup',
  'spaceUsed',
  'timeAccess',
  'timeMetadata',
  'timeModify',
]);

const lockPairs: Workload = {
  name: 'lock',
  title: 'LOCK and LOCKU',
  bytes: 0,
  async cycle(session, file, slotId) {
    const range = { offset: BigInt(slotId) * LOCK_BYTES, length: LOCK_BYTES };
    const lockStateid = { seqid: NEWEST, other: await session.lockOnce(file, slotId, range) };
    const locker = { newLockOwner: false, lockOwner: { lockStateid, lockSeqid: 0 } } as const;
    const take = op(lock, { lockType: nfs.WRITE_LT, reclaim: false, ...range, locker });
    const give = op(lockU, { lockType: nfs.WRITE_LT, seqid: 0, lockStateid, ...range });
    return [take, give].map((each) => ({ template: session.template(slotId, [onFile(file), each]) }));
  },
};

const openPairs: Workload = {
  name: 'open',
  title: 'OPEN and CLOSE',
  bytes: 0,
  async cycle(session, file, slotId) {
    const owner = { clientId: session.clientId, owner: Buffer.from(`opener ${slotId}`) };
    const opened = op(open, {
      seqid: 0,
      shareAccess: nfs.OPEN4_SHARE_ACCESS_READ | nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG,
      shareDeny: 0,
      owner,
      openHow: { openType: nfs.OPEN4_NOCREATE },
      claim: { claim: nfs.CLAIM_NULL, file: file.name },
    });
    const first = session.template(slotId, [op(putFh, { object: file.directory }), opened]);
    const openStateid = { seqid: NEWEST, other: Buffer.alloc(nfs.NFS4_OTHER_SIZE) };
    const second = session.template(slotId, [onFile(file), op(close, { seqid: 0, openStateid })]);
    const takeOver = (from: BenchSession, reply: Buffer) => {
      const result = from.resultOf(first, reply, opened);
      second.setEnd(result.stateid.other);
    };
    return [{ template: first, onReply: takeOver }, { template: second }];
  },
};

const getAttributes: Workload = {
  name: 'getattr',
  title: 'GETATTR',
  bytes: 0,
  cycle: async (session, file, slotId) => [
    { template: session.template(slotId, [onFile(file), op(getAttr, { attrRequest: USUAL_ATTRIBUTES })]) },
  ],
};

/**
 * Moves so many bytes: each slot those of a place of its own in the file.
 * @param replyBytes what a reply must have at least
 */
const transfers = (
  name: string,
  title: string,
  bytes: number,
  replyBytes: number,
  request: (stateid: Stateid, offset: bigint) => OperationCall,
): Workload => ({
  name,
  title,
  bytes,
  async cycle(session, file, slotId) {
    await session.fill(file, slotId, bytes);
    const transfer = request({ seqid: NEWEST, other: file.openOther }, BigInt(slotId * bytes));
    return [{ template: session.template(slotId, [onFile(file), transfer]), replyBytes }];
  },
});

const reads = (name: string, title: string, bytes: number): Workload =>
  transfers(name, title, bytes, bytes, (stateid, offset) => op(read, { stateid, offset, count: bytes }));

/** As a client's page cache writes: it is COMMIT that makes it durable. */
const writes = (name: string, title: string, bytes: number): Workload =>
  transfers(name, title, bytes, 0, (stateid, offset) =>
    op(write, { stateid, offset, stable: nfs.UNSTABLE4, data: Buffer.alloc(bytes, 'w') }),
  );

const onFile = (file: OpenedFile) => op(putFh, { object: file.handle });

export const WORKLOADS: readonly Workload[] = [
  lockPairs,
  openPairs,
  getAttributes,
  reads('read-4k', 'READ of 4 KiB', 4 * KIB),
  writes('write-4k', 'WRITE of 4 KiB', 4 * KIB),
  reads('read-1m', 'READ of 1 MiB', MIB),
  writes('write-1m', 'WRITE of 1 MiB', MIB),
];
