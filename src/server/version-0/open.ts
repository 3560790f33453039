import {
  CLAIM_DELEGATE_CUR,
  CLAIM_DELEGATE_PREV,
  CLAIM_PREVIOUS,
  EXCLUSIVE4_1,
  OPEN4_CREATE,
  OPEN4_RESULT_CONFIRM,
} from '../../nfs4/constants.ts';
import type { OperationCodec } from '../../nfs4/operation.ts';
import {
  decodeClaim,
  decodeOpenHow,
  type OpenArgs,
  type OpenResult,
  open,
} from '../../nfs4/operations/open.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_ATTRNOTSUPP,
  NFS4ERR_DELAY,
  NFS4ERR_INVAL,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_RESOURCE,
} from '../../nfs4/status.ts';
import { decodeStateOwner } from '../../nfs4/types.ts';
import type { XdrReader } from '../../xdr/reader.ts';
import { XdrError } from '../../xdr/xdr-error.ts';
import type { Compound } from '../compound.ts';
import { reclaimedKind } from '../delegations/giving.ts';
import type { LockDomain } from '../domains.ts';
import { serveOpen as openFile } from '../operations/open.ts';
import { before } from '../patience.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import { SHARE_BOTH } from '../state/opens.ts';
import { knowsAttributes } from './attributes.ts';
import type { SessionlessClient } from './client.ts';
import { findClient, locateState, tellOfLoss } from './lookup.ts';
import { OpenOwner } from './open-owner.ts';
import { inSequence, replay } from './owner-sequence.ts';
import { recordFirst } from './record-first.ts';
import { forgetOwner } from './tidy.ts';

/** OPEN with a name or an owner that is not UTF-8 is INVAL, which costs a seqid, so what comes before that must be known. */
type Args = OpenArgs | (Pick<OpenArgs, 'seqid' | 'owner'> & { readonly unreadable: true });

const codec: OperationCodec<Args, OpenResult> = {
  ...open,
  encodeArgs() {
    throw new Error('a server sends no OPEN');
  },
  decodeArgs(r) {
    const head = {
      seqid: r.uint32(),
      shareAccess: r.uint32(),
      shareDeny: r.uint32(),
      owner: decodeStateOwner(r),
    };
    try {
      return { ...head, ...decodeRest(r) };
    } catch (error) {
      if (!(error instanceof XdrError) || error.kind !== 'utf8') throw error;
      return { ...head, unreadable: true };
    }
  },
};

/** What came with 4.1 is not in the description of 4.0: BADXDR. */
function decodeRest(r: XdrReader): Pick<OpenArgs, 'openHow' | 'claim'> {
  const openHow = decodeOpenHow(r);
  if (openHow.openType === OPEN4_CREATE && openHow.how.mode === EXCLUSIVE4_1)
    throw new XdrError(`createmode4 of value ${EXCLUSIVE4_1} in version 4.0`);
  const claim = decodeClaim(r);
  if (claim.claim > CLAIM_DELEGATE_PREV)
    throw new XdrError(`open_claim_type4 of value ${claim.claim} in version 4.0`);
  return { openHow, claim };
}

/**
 * RFC 7530 section 16.16. What is different from 4.1 is here: the open-owner's seqid, the confirmation of a new owner, and when the
 * record is written. What an open is, and who may have it, is the same for all (operations/open.ts).
 */
export const serveOpen: ServedOperation<Args, OpenResult> = {
  codec,
  placement: 'anywhere',
  onAbsent: 'served',
  // With a write delegation.
  replyBytes: 144,
  prepare(compound, args) {
    const { server } = compound;
    const domain = domainOf(compound);
    const client = findClient(server, args.owner.clientId);
    if (typeof client === 'number' || domain === null || 'unreadable' in args) return null;
    if (isReclaim(args))
      return both(recordFirst(server, client, domain, 'reclaim'), pathKnown(server, client, args));
    const owner = client.openOwners.get(args.owner.owner.toString('hex'));
    return owner?.confirmed ? recordFirst(server, client, domain, 'new-state') : null;
  },
  serve(compound, args) {
    const { server } = compound;
    const client = findClient(server, args.owner.clientId);
    if (typeof client === 'number') return { status: client };
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    compound.actFor(client);
    const name = args.owner.owner.toString('hex');
    const known = client.openOwners.get(name);
    if (known !== undefined && !known.confirmed) {
      const repeated = known.sequence.repeated(compound, args.seqid);
      if (repeated !== null) return replay(compound, repeated);
      // It forgot this owner, or what it sent before was a leftover of an earlier life of its (section 9.1.11).
      forgetOwner(server, client, known);
    }
    const owner = client.openOwners.get(name) ?? newOwner(server, client, name);
    if (owner === null) return { status: NFS4ERR_RESOURCE };
    return inSequence<OpenResult>(compound, owner.sequence, args.seqid, () => {
      owner.usedAtMs = server.settings.clock.nowMs();
      return openFor(compound, client, owner, args);
    });
  },
};

/** For so long, as a part of a lease, a reclaim waits to know whether its client can be called. */
const PATH_WAITS_PER_LEASE = 10;

/** Whether a client that wants a delegation back can be called is tried as soon as it is confirmed, and known in a moment. */
function pathKnown(
  { settings }: ServerState,
  { callbackPath }: SessionlessClient,
  args: OpenArgs,
): Promise<unknown> | null {
  if (reclaimedKind(args) === null || !callbackPath?.isBeingTried) return null;
  const { clock, leaseMs } = settings;
  return before(clock, callbackPath.settled(), clock.nowMs() + leaseMs / PATH_WAITS_PER_LEASE, undefined);
}

const both = (a: Promise<unknown> | null, b: Promise<unknown> | null): Promise<unknown> | null =>
  a === null ? b : Promise.all([a, b]);

/** A limit on the names that a client can make us keep, with or without anything open. */
function newOwner(server: ServerState, client: SessionlessClient, name: string): OpenOwner | null {
  if (client.openOwners.size >= server.settings.limits.ownersPerClient) return null;
  const owner = new OpenOwner(name, server.settings.clock.nowMs());
  client.openOwners.set(name, owner);
  return owner;
}

function openFor(compound: Compound, client: SessionlessClient, owner: OpenOwner, args: Args): OpenResult {
  const { server } = compound;
  if ('unreadable' in args || args.shareAccess > SHARE_BOTH) return { status: NFS4ERR_INVAL };
  const { openHow } = args;
  if (openHow.openType === OPEN4_CREATE && 'createAttrs' in openHow.how) {
    if (!knowsAttributes(openHow.how.createAttrs)) return { status: NFS4ERR_ATTRNOTSUPP };
  }
  const domain = domainOf(compound);
  const reclaim = isReclaim(args);
  const lost = lossOf(server, client, args);
  if (lost !== null) return { status: lost };
  if (domain !== null && (reclaim || owner.confirmed) && !client.recordedIn.has(domain)) {
    const { grants } = server;
    const refusal = reclaim ? grants.reclaim(client, domain) : grants.newState(client, domain);
    // I6: its record could not be made durable. Another reason to refuse it is told as always.
    if (refusal === null) return { status: NFS4ERR_DELAY };
  }
  const result = openFile.serve(compound, args) as OpenResult;
  if (result.status !== NFS4_OK) return result;
  const opened = server.locking.stateids.find(result.stateid.other);
  if (opened?.kind !== 'open') throw new Error('an OPEN gave a stateid of nothing');
  owner.addOpen(opened);
  if (reclaim && domain !== null) {
    // Row 33: a reclaim needs no confirmation; its owner is known since before the restart.
    owner.confirmed = true;
    server.reclaimSilence.reclaimed(client, domain);
  }
  return owner.confirmed ? result : { ...result, rflags: result.rflags | OPEN4_RESULT_CONFIRM };
}

/** The delegation that it opens by was revoked: it must hear that before anything else, since without it would come back for good. */
function lossOf(server: ServerState, client: SessionlessClient, { claim }: OpenArgs): Failure | null {
  if (claim.claim !== CLAIM_DELEGATE_CUR) return null;
  const state = locateState(server, claim.delegateCurInfo.delegateStateid);
  if (typeof state !== 'object' || state.client !== client || state.revoked === 0) return null;
  return tellOfLoss(server, state);
}

const isReclaim = ({ claim }: OpenArgs): boolean => claim.claim === CLAIM_PREVIOUS;

/** The directory's is the file's. Null: there is no filehandle, or it is of no domain. */
function domainOf({ current, server }: Compound): LockDomain | null {
  return current === null || server.domains.isPseudoRoot(current) ? null : server.domains.of(current);
}
