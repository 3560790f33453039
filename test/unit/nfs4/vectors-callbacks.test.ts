/** Callbacks against bytes derived by hand from RFC 5662. */
import t from 'tap';
import { decodeCallbackHeader, encodeCallbackCompound } from '../../../src/nfs4/callback-compound.ts';
import { cbRecall } from '../../../src/nfs4/callbacks/cb-recall.ts';
import { cbSequence } from '../../../src/nfs4/callbacks/cb-sequence.ts';
import { call } from '../../../src/nfs4/compound.ts';
import { NFS4_OK } from '../../../src/nfs4/status.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import {
  argsVector,
  resultVector,
  SESSION_ID,
  SESSION_ID_HEX,
  STATEID,
  STATEID_HEX,
} from './fixtures/vectors.ts';
import { bytes, written } from './fixtures/wire.ts';

argsVector(
  'CB_RECALL',
  cbRecall,
  { stateid: STATEID, truncate: true, fh: Buffer.from('file') },
  `${STATEID_HEX}  00000001  00000004 66696c65`,
);
argsVector(
  'CB_SEQUENCE names the calls that it refers to',
  cbSequence,
  {
    sessionId: SESSION_ID,
    sequenceId: 1,
    slotId: 0,
    highestSlotId: 3,
    cacheThis: false,
    referringCallLists: [{ sessionId: SESSION_ID, calls: [{ sequenceId: 8, slotId: 9 }] }],
  },
  `
  ${SESSION_ID_HEX}  00000001 00000000 00000003  00000000
  00000001  ${SESSION_ID_HEX}  00000001  00000008 00000009
  `,
);
resultVector(
  'CB_SEQUENCE',
  cbSequence,
  {
    status: NFS4_OK,
    sessionId: SESSION_ID,
    sequenceId: 1,
    slotId: 0,
    highestSlotId: 3,
    targetHighestSlotId: 2,
  },
  `00000000  ${SESSION_ID_HEX}  00000001 00000000 00000003 00000002`,
);

t.test('CB_COMPOUND: tag, minor version, callback_ident, and the callbacks', async (t) => {
  const recall = call(cbRecall, { stateid: STATEID, truncate: false, fh: Buffer.from('file') });
  const message = written((w) => encodeCallbackCompound(w, { minorVersion: 0, callbackIdent: 7 }, [recall]));
  t.same(
    message,
    bytes(`
      00000000                          # tag
      00000000 00000007                 # minorversion, callback_ident
      00000001  00000004                # one: CB_RECALL
      ${STATEID_HEX}  00000000  00000004 66696c65
    `),
  );
  const head = decodeCallbackHeader(new XdrReader(message));
  t.match(head, { minorVersion: 0, callbackIdent: 7, operationCount: 1 });
});
