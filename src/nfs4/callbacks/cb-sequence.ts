import type { XdrReader } from '../../xdr/reader.ts';
import type { XdrWriter } from '../../xdr/writer.ts';
import { ARRAY_MAX_ELEMENTS, NFS4_SESSIONID_SIZE } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeArray, decodeSessionId, encodeArray, encodeSessionId } from '../types.ts';

/** CB_SEQUENCE: which session and slot of the back channel a callback uses. RFC 8881 section 20.9. */
export interface CbSequenceArgs {
  readonly sessionId: Buffer;
  readonly sequenceId: number;
  readonly slotId: number;
  readonly highestSlotId: number;
  readonly cacheThis: boolean;
  /** Requests of the client whose replies may come after this callback, which refers to what they made. */
  readonly referringCallLists: readonly ReferringCalls[];
}

/** referring_call_list4 */
export interface ReferringCalls {
  readonly sessionId: Buffer;
  readonly calls: readonly { readonly sequenceId: number; readonly slotId: number }[];
}

export type CbSequenceResult = Outcome<{
  readonly sessionId: Buffer;
  readonly sequenceId: number;
  readonly slotId: number;
  readonly highestSlotId: number;
  readonly targetHighestSlotId: number;
}>;

const CALL_BYTES = 8;

function encodeReferring(w: XdrWriter, { sessionId, calls }: ReferringCalls): void {
  encodeSessionId(w, sessionId);
  encodeArray(w, calls, (_, { sequenceId, slotId }) => {
    w.uint32(sequenceId);
    w.uint32(slotId);
  });
}

const decodeReferring = (r: XdrReader): ReferringCalls => ({
  sessionId: decodeSessionId(r),
  calls: decodeArray(r, ARRAY_MAX_ELEMENTS, CALL_BYTES, () => ({
    sequenceId: r.uint32(),
    slotId: r.uint32(),
  })),
});

export const cbSequence: OperationCodec<CbSequenceArgs, CbSequenceResult> = {
  number: 11,
  name: 'CB_SEQUENCE',
  encodeArgs(w, args) {
    encodeSessionId(w, args.sessionId);
    w.uint32(args.sequenceId);
    w.uint32(args.slotId);
    w.uint32(args.highestSlotId);
    w.bool(args.cacheThis);
    encodeArray(w, args.referringCallLists, encodeReferring);
  },
  decodeArgs: (r) => ({
    sessionId: decodeSessionId(r),
    sequenceId: r.uint32(),
    slotId: r.uint32(),
    highestSlotId: r.uint32(),
    cacheThis: r.bool(),
    referringCallLists: decodeArray(r, ARRAY_MAX_ELEMENTS, NFS4_SESSIONID_SIZE, decodeReferring),
  }),
  ...okFields(
    (w, fields) => {
      encodeSessionId(w, fields.sessionId);
      w.uint32(fields.sequenceId);
      w.uint32(fields.slotId);
      w.uint32(fields.highestSlotId);
      w.uint32(fields.targetHighestSlotId);
    },
    (r) => ({
      sessionId: decodeSessionId(r),
      sequenceId: r.uint32(),
      slotId: r.uint32(),
      highestSlotId: r.uint32(),
      targetHighestSlotId: r.uint32(),
    }),
  ),
};
