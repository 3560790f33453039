import { ARRAY_MAX_ELEMENTS } from '../constants.ts';
import { type OperationCodec, type Outcome, okFields } from '../operation.ts';
import { decodeStatus, type Status } from '../status.ts';
import { decodeArray, decodeStateid, encodeArray, encodeStateid, type Stateid } from '../types.ts';

/** TEST_STATEID: are these stateids still good? RFC 8881 section 18.48. */
export interface TestStateidArgs {
  readonly stateids: readonly Stateid[];
}

/** One status for each stateid, in the same order. */
export type TestStateidResult = Outcome<{ readonly statusCodes: readonly Status[] }>;

const STATEID_BYTES = 16;

export const testStateid: OperationCodec<TestStateidArgs, TestStateidResult> = {
  number: 55,
  name: 'TEST_STATEID',
  encodeArgs(w, args) {
    encodeArray(w, args.stateids, encodeStateid);
  },
  decodeArgs: (r) => ({ stateids: decodeArray(r, ARRAY_MAX_ELEMENTS, STATEID_BYTES, decodeStateid) }),
  ...okFields(
    (w, fields) => encodeArray(w, fields.statusCodes, (_, status) => w.uint32(status)),
    (r) => ({ statusCodes: decodeArray(r, ARRAY_MAX_ELEMENTS, 4, decodeStatus) }),
  ),
};
