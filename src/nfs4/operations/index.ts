import type { AnyOperation } from '../operation.ts';
import { access } from './access.ts';
import { allocate } from './allocate.ts';
import { backchannelCtl } from './backchannel-ctl.ts';
import { bindConnToSession } from './bind-conn-to-session.ts';
import { clone } from './clone.ts';
import { close } from './close.ts';
import { commit } from './commit.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import { createSession } from './create-session.ts';
import { deallocate } from './deallocate.ts';
import { delegPurge } from './deleg-purge.ts';
import { delegReturn } from './deleg-return.ts';
import { destroyClientid } from './destroy-clientid.ts';
import { destroySession } from './destroy-session.ts';
import { exchangeId } from './exchange-id.ts';
import { freeStateid } from './free-stateid.ts';
import { getAttr } from './get-attr.ts';
import { getFh } from './get-fh.ts';
import { getXattr } from './get-xattr.ts';
import { link } from './link.ts';
import { listXattrs } from './list-xattrs.ts';
import { lock } from './lock.ts';
import { lockT } from './lock-t.ts';
import { lockU } from './lock-u.ts';
import { lookup } from './lookup.ts';
import { lookupp } from './lookupp.ts';
import { nverify } from './nverify.ts';
import { open } from './open.ts';
import { openConfirm } from './open-confirm.ts';
import { openDowngrade } from './open-downgrade.ts';
import { putFh } from './put-fh.ts';
import { putPubFh } from './put-pub-fh.ts';
import { putRootFh } from './put-root-fh.ts';
import { read } from './read.ts';
import { readDir } from './read-dir.ts';
import { readLink } from './read-link.ts';
import { reclaimComplete } from './reclaim-complete.ts';
import { releaseLockowner } from './release-lockowner.ts';
import { remove } from './remove.ts';
import { removeXattr } from './remove-xattr.ts';
import { rename } from './rename.ts';
import { renew } from './renew.ts';
import { restoreFh } from './restore-fh.ts';
import { saveFh } from './save-fh.ts';
import { secInfo } from './sec-info.ts';
import { secInfoNoName } from './sec-info-no-name.ts';
import { seek } from './seek.ts';
import { sequence } from './sequence.ts';
import { setAttr } from './set-attr.ts';
import { setClientid } from './set-clientid.ts';
import { setClientidConfirm } from './set-clientid-confirm.ts';
import { setXattr } from './set-xattr.ts';
import { testStateid } from './test-stateid.ts';
import { verify } from './verify.ts';
import { write } from './write.ts';

/** Every operation that we can write and read, ascending by number. To add one: its file, and its line here. */
export const OPERATIONS: readonly AnyOperation[] = [
  access,
  close,
  commit,
  create,
  delegPurge,
  delegReturn,
  getAttr,
  getFh,
  link,
  lock,
  lockT,
  lockU,
  lookup,
  lookupp,
  nverify,
  open,
  openConfirm,
  openDowngrade,
  putFh,
  putPubFh,
  putRootFh,
  read,
  readDir,
  readLink,
  remove,
  rename,
  renew,
  restoreFh,
  saveFh,
  secInfo,
  setAttr,
  setClientid,
  setClientidConfirm,
  verify,
  write,
  releaseLockowner,
  backchannelCtl,
  bindConnToSession,
  exchangeId,
  createSession,
  destroySession,
  freeStateid,
  secInfoNoName,
  sequence,
  testStateid,
  destroyClientid,
  reclaimComplete,
  allocate,
  copy,
  deallocate,
  seek,
  clone,
  getXattr,
  setXattr,
  listXattrs,
  removeXattr,
];

const BY_NUMBER: readonly (AnyOperation | undefined)[] = Array.from({ length: 128 }, (_, number) =>
  OPERATIONS.find((operation) => operation.number === number),
);
const BY_NAME = new Map(OPERATIONS.map((operation) => [operation.name, operation]));

/** The codec of an nfs_opnum4, if there is one. */
export function operationByNumber(number: number): AnyOperation | undefined {
  return BY_NUMBER[number];
}

/** The codec of `LOCK`, `OPEN` ... */
export function operationByName(name: string): AnyOperation | undefined {
  return BY_NAME.get(name);
}
