import { serveAccess } from '../operations/access.ts';
import { serveCommit } from '../operations/commit.ts';
import { serveGetFh } from '../operations/get-fh.ts';
import { serveLink } from '../operations/link.ts';
import { serveLookup } from '../operations/lookup.ts';
import { serveLookupp } from '../operations/lookupp.ts';
import { servePutFh } from '../operations/put-fh.ts';
import { servePutPubFh } from '../operations/put-pub-fh.ts';
import { servePutRootFh } from '../operations/put-root-fh.ts';
import { serveRead } from '../operations/read.ts';
import { serveReadLink } from '../operations/read-link.ts';
import { serveRemove } from '../operations/remove.ts';
import { serveRename } from '../operations/rename.ts';
import { serveRestoreFh } from '../operations/restore-fh.ts';
import { serveSaveFh } from '../operations/save-fh.ts';
import { serveWrite } from '../operations/write.ts';
import { type AnyServedOperation, served } from '../served-operation.ts';
import {
  serveCreate,
  serveGetAttr,
  serveNverify,
  serveReadDir,
  serveSetAttr,
  serveVerify,
} from './attributes.ts';
import { serveClose } from './close.ts';
import { serveDelegReturn } from './deleg-return.ts';
import { serveLock } from './lock.ts';
import { serveLockT } from './lock-t.ts';
import { serveLockU } from './lock-u.ts';
import { serveOpen } from './open.ts';
import { serveOpenConfirm } from './open-confirm.ts';
import { serveOpenDowngrade } from './open-downgrade.ts';
import { serveReleaseLockowner } from './release-lockowner.ts';
import { serveRenew } from './renew.ts';
import { serveSecInfo } from './sec-info.ts';
import { serveSetClientid } from './set-clientid.ts';
import { serveSetClientidConfirm } from './set-clientid-confirm.ts';

/**
 * NFSv4.0 (RFC 7530 section 16). Those of 4.1 that are the same, and those that are not. Of all operations of this version,
 * OPENATTR and DELEGPURGE are not served (NOTSUPP); whatever came later is none of its operations (OP_ILLEGAL).
 */
export const MINOR_VERSION_0: readonly AnyServedOperation[] = [
  served(serveAccess),
  served(serveClose),
  served(serveCommit),
  served(serveCreate),
  served(serveDelegReturn),
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
  served(serveOpenConfirm),
  served(serveOpenDowngrade),
  served(servePutFh),
  served(servePutPubFh),
  served(servePutRootFh),
  served(serveRead),
  served(serveReadDir),
  served(serveReadLink),
  served(serveReleaseLockowner),
  served(serveRemove),
  served(serveRename),
  served(serveRenew),
  served(serveRestoreFh),
  served(serveSaveFh),
  served(serveSecInfo),
  served(serveSetAttr),
  served(serveSetClientid),
  served(serveSetClientidConfirm),
  served(serveVerify),
  served(serveWrite),
];
