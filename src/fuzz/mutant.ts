/** One request that is not what it should be, ready to be sent. */
import { decodeCall } from '../rpc/call.ts';
import { XdrReader } from '../xdr/reader.ts';
import { XdrError } from '../xdr/xdr-error.ts';
import { SLOTS } from './actor.ts';
import { framed, inFragments, misframed } from './framing.ts';
import type { Lots } from './lots.ts';
import { mutate } from './mutations.ts';
import type { RecordedRequest } from './tape.ts';

export interface Mutant {
  /** What it was made of, and what was done to it. */
  readonly name: string;
  readonly what: readonly string[];
  readonly bytes: Buffer;
  /** The xid that its reply must carry; null: none must come. */
  readonly xid: number | null;
  /** The connection is of no use after it. */
  readonly spoils: boolean;
  readonly slot: number;
  /** It has the sequence id that is next on its slot, as far as we know. */
  readonly inTurn: boolean;
}

export interface MutantMaker {
  readonly lots: Lots;
  readonly tape: readonly RecordedRequest[];
  /** Of each slot, the next sequence id. */
  readonly sequences: readonly number[];
  /** Of the actor's session; null: none. */
  readonly sessionId: Buffer | null;
  nextXid(): number;
}

const SPOILED = 0.04;
const FRAGMENTED = 0.08;
/** A retry of what its slot carried last, or out of order: else it comes in its turn. */
const OUT_OF_TURN = 0.06;

/** @param slot that no other request is on; from 1, since the actor has slot 0 */
export function makeMutant(maker: MutantMaker, slot: number): Mutant {
  const { lots, tape } = maker;
  const origin = lots.pick(tape);
  const message = Buffer.from(origin.message);
  const xid = maker.nextXid();
  message.writeUInt32BE(xid);
  const inTurn = freshen(message, origin, maker, slot);
  const mutable = { message, anatomy: origin.anatomy };
  const what = mutate(mutable, lots, tape);
  const [spoiled, fragmented] = [lots.happens(SPOILED), lots.happens(FRAGMENTED)];
  const changed = mutable.message;
  const framing = spoiled
    ? misframed(changed, lots)
    : fragmented
      ? inFragments(changed, lots)
      : { bytes: framed(changed), what: null, spoils: false };
  const answered = !framing.spoils && isCall(changed);
  return {
    name: origin.name,
    what: framing.what === null ? what : [...what, framing.what],
    bytes: framing.bytes,
    xid: answered ? changed.readUInt32BE(0) : null,
    spoils: framing.spoils || !answered,
    slot,
    inTurn,
  };
}

/** As it would have to be said now: on this slot, in its turn. What was said in another session is said in this one. */
function freshen(message: Buffer, { anatomy }: RecordedRequest, maker: MutantMaker, slot: number): boolean {
  const { sessionAt } = anatomy;
  if (sessionAt === null || maker.sessionId === null) return false;
  maker.sessionId.copy(message, sessionAt);
  const next = maker.sequences[slot] ?? 1;
  const sequence = maker.lots.happens(OUT_OF_TURN) ? next - maker.lots.below(3) : next;
  message.writeUInt32BE(sequence >>> 0, sessionAt + 16);
  message.writeUInt32BE(slot, sessionAt + 20);
  message.writeUInt32BE(SLOTS - 1, sessionAt + 24);
  return sequence === next;
}

/** Can a server make out whom to answer? */
function isCall(message: Buffer): boolean {
  try {
    decodeCall(new XdrReader(message));
    return true;
  } catch (error) {
    if (error instanceof XdrError) return false;
    throw error;
  }
}
