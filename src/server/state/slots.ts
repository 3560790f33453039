/**
 * Exactly-once execution (RFC 8881 section 2.10.6.1): a slot remembers the newest request it carried and,
 * where the client asked for it, the reply. Pure state, no protocol types.
 */

/** What a request is recognised by when it comes again: who sent it and what it asked for. */
export interface RequestFingerprint {
  readonly principal: string;
  readonly bytes: number;
  readonly checksum: number;
}

export interface Slot {
  readonly id: number;
  /** Of the newest request; 0 before the first. 0 to 2^32-1, wraps. */
  seqid: number;
  inProgress: boolean;
  /** Was there ever a request? Only then can there be a retry. */
  used: boolean;
  /** COMPOUND4res as it was sent, without the RPC header; null: not kept. */
  reply: Buffer | null;
  principal: string;
  bytes: number;
  checksum: number;
}

export const newSlot = (id: number): Slot => ({
  id,
  seqid: 0,
  inProgress: false,
  used: false,
  reply: null,
  principal: '',
  bytes: 0,
  checksum: 0,
});

/**
 * - `new`: work on it.
 * - `busy`: the very same request is being worked on (DELAY).
 * - `replay`: send the kept reply again; `uncached`: it was not kept.
 * - `false-retry`: the sequence id of the newest request with another request behind it.
 * - `misordered`: neither the newest nor the next.
 */
export type SlotVerdict = 'new' | 'busy' | 'replay' | 'uncached' | 'false-retry' | 'misordered';

const nextSeqid = (seqid: number): number => (seqid + 1) >>> 0;

/** @param seqid `sa_sequenceid`, 0 to 2^32-1 */
export function judgeSlot(slot: Slot, seqid: number, request: RequestFingerprint): SlotVerdict {
  if (seqid === nextSeqid(slot.seqid)) {
    // The next one may not overtake the newest: its slot is taken until that was answered.
    return slot.inProgress ? 'misordered' : 'new';
  }
  if (seqid !== slot.seqid || !slot.used) return 'misordered';
  const same =
    slot.principal === request.principal &&
    slot.bytes === request.bytes &&
    slot.checksum === request.checksum;
  if (!same) return 'false-retry';
  if (slot.inProgress) return 'busy';
  return slot.reply === null ? 'uncached' : 'replay';
}

/** The request was judged `new` and is worked on now. */
export function beginRequest(slot: Slot, request: RequestFingerprint): void {
  if (slot.inProgress) throw new Error(`slot ${slot.id} is taken twice`);
  slot.seqid = nextSeqid(slot.seqid);
  slot.inProgress = true;
  slot.used = true;
  slot.reply = null;
  slot.principal = request.principal;
  slot.bytes = request.bytes;
  slot.checksum = request.checksum;
}

/** @param reply null: the client did not ask to keep it */
export function finishRequest(slot: Slot, reply: Buffer | null): void {
  if (!slot.inProgress) throw new Error(`slot ${slot.id} has no request to finish`);
  slot.inProgress = false;
  slot.reply = reply;
}
