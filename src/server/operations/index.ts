import { type AnyServedOperation, served } from '../served-operation.ts';
import { MINOR_VERSION_0 } from '../version-0/index.ts';
import { MINOR_VERSION_2 } from '../version-2/index.ts';
import { serveAccess } from './access.ts';
import { serveBackchannelCtl } from './backchannel-ctl.ts';
import { serveBindConnToSession } from './bind-conn-to-session.ts';
import { serveClose } from './close.ts';
import { serveCommit } from './commit.ts';
import { serveCreate } from './create.ts';
import { serveCreateSession } from './create-session.ts';
import { serveDelegReturn } from './deleg-return.ts';
import { serveDestroyClientid } from './destroy-clientid.ts';
import { serveDestroySession } from './destroy-session.ts';
import { serveExchangeId } from './exchange-id.ts';
import { serveFreeStateid } from './free-stateid.ts';
import { serveGetAttr } from './get-attr.ts';
import { serveGetFh } from './get-fh.ts';
import { serveLink } from './link.ts';
import { serveLock } from './lock.ts';
import { serveLockT } from './lock-t.ts';
import { serveLockU } from './lock-u.ts';
import { serveLookup } from './lookup.ts';
import { serveLookupp } from './lookupp.ts';
import { serveNverify } from './nverify.ts';
import { serveOpen } from './open.ts';
import { serveOpenDowngrade } from './open-downgrade.ts';
import { servePutFh } from './put-fh.ts';
import { servePutPubFh } from './put-pub-fh.ts';
import { servePutRootFh } from './put-root-fh.ts';
import { serveRead } from './read.ts';
import { serveReadDir } from './read-dir.ts';
import { serveReadLink } from './read-link.ts';
import { serveReclaimComplete } from './reclaim-complete.ts';
import { serveRemove } from './remove.ts';
import { serveRename } from './rename.ts';
import { serveRestoreFh } from './restore-fh.ts';
import { serveSaveFh } from './save-fh.ts';
import { serveSecInfo } from './sec-info.ts';
import { serveSecInfoNoName } from './sec-info-no-name.ts';
import { serveSequence } from './sequence.ts';
import { serveSetAttr } from './set-attr.ts';
import { serveTestStateid } from './test-stateid.ts';
import { serveVerify } from './verify.ts';
import { serveWrite } from './write.ts';

/** NFSv4.1 (RFC 8881 section 17). To add an operation: its file, and its line here. */
const MINOR_VERSION_1: readonly AnyServedOperation[] = [
  served(serveAccess),
  served(serveBackchannelCtl),
  served(serveBindConnToSession),
  served(serveClose),
  served(serveCommit),
  served(serveCreate),
  served(serveCreateSession),
  served(serveDelegReturn),
  served(serveDestroyClientid),
  served(serveDestroySession),
  served(serveExchangeId),
  served(serveFreeStateid),
  served(serveGetAttr),
  served(serveGetFh),
  served(serveLink),
  served(serveLock),
  served(serveLockT),
  served(serveLockU),
  served(serveLookup),
  served(serveLookupp),
  served(serveNverify),
  served(serveOpen),
  served(serveOpenDowngrade),
  served(servePutFh),
  served(servePutPubFh),
  served(servePutRootFh),
  served(serveRead),
  served(serveReadDir),
  served(serveReadLink),
  served(serveReclaimComplete),
  served(serveRemove),
  served(serveRename),
  served(serveRestoreFh),
  served(serveSaveFh),
  served(serveSecInfo),
  served(serveSecInfoNoName),
  served(serveSequence),
  served(serveSetAttr),
  served(serveTestStateid),
  served(serveVerify),
  served(serveWrite),
];

/** By operation number; undefined: defined by the RFC and not served (NOTSUPP), or no operation at all. */
export type OperationTable = readonly (AnyServedOperation | undefined)[];

function tableOf(operations: readonly AnyServedOperation[]): OperationTable {
  const table: (AnyServedOperation | undefined)[] = new Array(128).fill(undefined);
  for (const operation of operations) {
    const { number, name } = operation.codec;
    if (table[number] !== undefined) throw new Error(`operation ${name} is served twice`);
    table[number] = operation;
  }
  return table;
}

/** An earlier version's operations, but for those that a later one has itself. */
function succeeding(
  earlier: readonly AnyServedOperation[],
  later: readonly AnyServedOperation[],
): readonly AnyServedOperation[] {
  const renewed = new Set(later.map(({ codec }) => codec.number));
  return [...earlier.filter(({ codec }) => !renewed.has(codec.number)), ...later];
}

/** What is served, by minor version. */
const TABLES: readonly (OperationTable | undefined)[] = [
  tableOf(MINOR_VERSION_0),
  tableOf(MINOR_VERSION_1),
  tableOf(succeeding(MINOR_VERSION_1, MINOR_VERSION_2)),
];

/** Undefined: MINOR_VERS_MISMATCH. */
export const operationsOf = (minorVersion: number): OperationTable | undefined => TABLES[minorVersion];
