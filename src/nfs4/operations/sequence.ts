import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeSessionId, encodeSessionId } from '../types.ts';

/** SEQUENCE: first operation of nearly every COMPOUND; names session and slot, renews the lease. RFC 8881 section 18.46. */
export interface SequenceArgs {
  readonly sessionId: Buffer;
  readonly sequenceId: number;
  readonly slotId: number;
  readonly highestSlotId: number;
  readonly cacheThis: boolean;
}

export type SequenceResult = Outcome<{
  readonly sessionId: Buffer;
  readonly sequenceId: number;
  readonly slotId: number;
  readonly highestSlotId: number;
  readonly targetHighestSlotId: number;
  /** SEQ4_STATUS_* */
  readonly statusFlags: number;
}>;

export const sequence: OperationCodec<SequenceArgs, SequenceResult> = {
  number: 53,
  name: 'SEQUENCE',
  encodeArgs(w, args) {
    encodeSessionId(w, args.sessionId);
    w.uint32(args.sequenceId);
    w.uint32(args.slotId);
    w.uint32(args.highestSlotId);
    w.bool(args.cacheThis);
  },
  decodeArgs: (r) => ({
    sessionId: decodeSessionId(r),
    sequenceId: r.uint32(),
    slotId: r.uint32(),
    highestSlotId: r.uint32(),
    cacheThis: r.bool(),
  }),
  ...okFields(
    (w, fields) => {
      encodeSessionId(w, fields.sessionId);
      w.uint32(fields.sequenceId);
      w.uint32(fields.slotId);
      w.uint32(fields.highestSlotId);
      w.uint32(fields.targetHighestSlotId);
      w.uint32(fields.statusFlags);
    },
    (r) => ({
      sessionId: decodeSessionId(r),
      sequenceId: r.uint32(),
      slotId: r.uint32(),
      highestSlotId: r.uint32(),
      targetHighestSlotId: r.uint32(),
      statusFlags: r.uint32(),
    }),
  ),
};
