import { type SequenceArgs, type SequenceResult, sequence } from '../../nfs4/operations/sequence.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_BAD_HIGH_SLOT,
  NFS4ERR_BADSESSION,
  NFS4ERR_BADSLOT,
  NFS4ERR_DELAY,
  NFS4ERR_REQ_TOO_BIG,
  NFS4ERR_SEQ_FALSE_RETRY,
  NFS4ERR_SEQ_MISORDERED,
  NFS4ERR_SERVERFAULT,
  NFS4ERR_TOO_MANY_OPS,
} from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import type { ServedOperation } from '../served-operation.ts';
import { statusFlags } from '../session-status.ts';
import type { Session } from '../state/sessions.ts';
import { beginRequest, judgeSlot, type RequestFingerprint, type Slot } from '../state/slots.ts';

/**
 * How a COMPOUND enters its session.
 * - `entered`: the slot is taken; work on it.
 * - `refused`: SEQUENCE answers this status, nothing else is done.
 * - `replay`: this is the answer, as it was sent before.
 * - `uncached`: done before, and the answer was not kept.
 */
export type SessionEntry =
  | { readonly kind: 'entered' }
  | { readonly kind: 'refused'; readonly status: Failure }
  | { readonly kind: 'replay'; readonly reply: Buffer }
  | { readonly kind: 'uncached' };

const ENTERED: SessionEntry = { kind: 'entered' };
const UNCACHED: SessionEntry = { kind: 'uncached' };
const refused = (status: Failure): SessionEntry => ({ kind: 'refused', status });

/** Finds session and slot and renews the lease. On `entered` and `uncached` the compound knows both. */
export function enterSession(
  compound: Compound,
  args: SequenceArgs,
  request: RequestFingerprint,
): SessionEntry {
  const session = compound.server.sessions.byId(args.sessionId);
  if (session === undefined) return refused(NFS4ERR_BADSESSION);
  const slot = session.slots[args.slotId];
  if (slot === undefined) return refused(NFS4ERR_BADSLOT);
  if (args.highestSlotId >= session.slots.length) return refused(NFS4ERR_BAD_HIGH_SLOT);
  // Its record is being removed: what it holds may be somebody else's in a moment (leases.ts).
  if (session.client.standing !== 'live') return refused(NFS4ERR_DELAY);

  const verdict = judgeSlot(slot, args.sequenceId, request);
  if (verdict === 'misordered') return refused(NFS4ERR_SEQ_MISORDERED);
  if (verdict === 'false-retry') return refused(NFS4ERR_SEQ_FALSE_RETRY);
  compound.server.leases.renew(session.client);
  if (compound.server.settings.mutants.has('M16')) bindLocks(compound, session);
  compound.request.peer?.showClient();
  if (verdict === 'busy') return refused(NFS4ERR_DELAY);
  if (verdict === 'replay' && slot.reply !== null) return { kind: 'replay', reply: slot.reply };

  compound.session = session;
  compound.slot = slot;
  if (verdict === 'uncached') return UNCACHED;
  const tooBig = judgeSize(compound, session);
  if (tooBig !== null) return refused(tooBig);
  beginRequest(slot, request);
  compound.keepReply = args.cacheThis;
  compound.replyLimit = session.fore.maxResponseSize;
  return ENTERED;
}

/** Mutant M16. The stateids stay, and say nothing. */
function bindLocks({ server, request: { peer } }: Compound, { client }: Session): void {
  if (peer === null || peer.showsClient) return;
  peer.whenEnded(() => {
    for (const { key, states } of client.lockOwners.values())
      for (const { file } of states.values()) server.settings.locks.releaseOwner(file.node, key);
  });
}

function judgeSize(compound: Compound, session: Session): Failure | null {
  if (compound.request.requestBytes > session.fore.maxRequestSize) return NFS4ERR_REQ_TOO_BIG;
  return compound.request.operationCount > session.fore.maxOperations ? NFS4ERR_TOO_MANY_OPS : null;
}

const reply = (session: Session, slot: Slot): SequenceResult => ({
  status: NFS4_OK,
  sessionId: session.id,
  sequenceId: slot.seqid,
  slotId: slot.id,
  highestSlotId: session.slots.length - 1,
  targetHighestSlotId: session.slots.length - 1,
  statusFlags: statusFlags(session),
});

/** RFC 8881 section 18.46. What a COMPOUND sees that {@link enterSession} let in. */
export const serveSequence: ServedOperation<SequenceArgs, SequenceResult> = {
  codec: sequence,
  placement: 'sequence',
  onAbsent: 'served',
  serve({ session, slot }) {
    return session === null || slot === null ? { status: NFS4ERR_SERVERFAULT } : reply(session, slot);
  },
};
