import {
  CREATE_SESSION4_FLAG_CONN_BACK_CHAN,
  CREATE_SESSION4_FLAG_CONN_RDMA,
  CREATE_SESSION4_FLAG_PERSIST,
} from '../../nfs4/constants.ts';
import {
  type CreateSessionArgs,
  type CreateSessionResult,
  createSession,
} from '../../nfs4/operations/create-session.ts';
import type { ChannelAttrs } from '../../nfs4/session-types.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_CLID_INUSE,
  NFS4ERR_DELAY,
  NFS4ERR_INVAL,
  NFS4ERR_NOSPC,
  NFS4ERR_SEQ_MISORDERED,
  NFS4ERR_STALE_CLIENTID,
  NFS4ERR_TOOSMALL,
} from '../../nfs4/status.ts';
import { BackChannel } from '../callbacks/back-channel.ts';
import { isTooSmall, termsFrom } from '../callbacks/terms.ts';
import type { CompoundRequest } from '../compound.ts';
import type { Limits } from '../limits.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import type { Client } from '../state/clients.ts';
import { type Session, slotBytes } from '../state/sessions.ts';

const KNOWN_FLAGS =
  CREATE_SESSION4_FLAG_PERSIST | CREATE_SESSION4_FLAG_CONN_BACK_CHAN | CREATE_SESSION4_FLAG_CONN_RDMA;

/** Bytes that a channel must carry at least: a SEQUENCE with a credential of the shortest kind, and its reply. */
const MIN_CHANNEL_BYTES = 128;
/** A call back to the client that takes longer than a part of a lease gets no answer any more. */
const CALLS_PER_LEASE = 4;

/**
 * RFC 8881 section 18.36. Served during grace as always (row 3). DELAY takes no sequence id: the client
 * repeats the very same request.
 */
export const serveCreateSession: ServedOperation<CreateSessionArgs, CreateSessionResult> = {
  codec: createSession,
  placement: 'anywhere',
  onAbsent: 'served',
  serve({ server, caller, request }, args) {
    // What can be seen without the client takes no sequence id, as knfsd has it: the client may ask for less with the same one.
    const bad = judgeArgs(args);
    if (bad !== null) return { status: bad };
    const client = server.clients.byId(args.clientId);
    if (client === undefined) return { status: NFS4ERR_STALE_CLIENTID };
    // Once it is confirmed, whoever may speak for it may make sessions (section 18.36.3).
    const stranger = client.identity.principal !== caller.principal;
    if (stranger && !client.confirmed) return { status: NFS4ERR_CLID_INUSE };
    const slot = client.createSession;
    if (args.sequence === slot.seqid && slot.reply !== null) return slot.reply;
    if (args.sequence !== (slot.seqid + 1) >>> 0) return { status: NFS4ERR_SEQ_MISORDERED };
    if (slot.inProgress || client.standing !== 'live') return { status: NFS4ERR_DELAY };
    if (client.confirmed) return remember(client, args, makeSession(server, client, args, request));

    slot.inProgress = true;
    return confirm(server, client).then((status) => {
      slot.inProgress = false;
      if (status !== NFS4_OK) return { status };
      return remember(client, args, makeSession(server, client, args, request));
    });
  },
};

/** The back channel is looked at also where none is asked for yet: a connection may be bound to it later. */
function judgeArgs({ flags, foreChanAttrs, backChanAttrs }: CreateSessionArgs): Failure | null {
  if ((flags & ~KNOWN_FLAGS) !== 0) return NFS4ERR_INVAL;
  const { maxRequestSize, maxResponseSize } = foreChanAttrs;
  const fore = Math.min(maxRequestSize, maxResponseSize) < MIN_CHANNEL_BYTES;
  return fore || isTooSmall(backChanAttrs) ? NFS4ERR_TOOSMALL : null;
}

/** Row 23: this is where a restarted client's earlier life ends, its record first (I6). */
async function confirm(
  server: ServerState,
  client: Client,
): Promise<typeof NFS4_OK | typeof NFS4ERR_DELAY | typeof NFS4ERR_STALE_CLIENTID> {
  const earlier = server.clients.confirmedOf(client.ownerKey);
  if (earlier !== null && !(await server.leases.discard(earlier))) return NFS4ERR_DELAY;
  if (!(await server.estates.makeWayFor(client))) return NFS4ERR_DELAY;
  if (!(await server.records.confirmed(client))) return NFS4ERR_DELAY;
  // While we waited, another EXCHANGE_ID of the owner may have replaced this client id.
  if (client.standing === 'gone') return NFS4ERR_STALE_CLIENTID;
  server.clients.confirm(client);
  server.estates.attach(client);
  server.leases.renew(client);
  return NFS4_OK;
}

function remember(client: Client, args: CreateSessionArgs, result: CreateSessionResult): CreateSessionResult {
  client.createSession.seqid = args.sequence;
  client.createSession.reply = result;
  return result;
}

function makeSession(
  server: ServerState,
  client: Client,
  args: CreateSessionArgs,
  { peer, minorVersion }: CompoundRequest,
): CreateSessionResult {
  const { limits } = server.settings;
  const fore = agree(args.foreChanAttrs, limits, limits.replyCacheBytes - server.sessions.slotBytes);
  const wantsBack = (args.flags & CREATE_SESSION4_FLAG_CONN_BACK_CHAN) !== 0;
  if (client.sessions.size >= limits.sessionsPerClient || fore.maxRequests === 0)
    return { status: NFS4ERR_NOSPC };
  const session = server.sessions.create(client, fore);
  const backChanAttrs = agreeOnBack(args.backChanAttrs, limits);
  session.back = backChannel(server, session, args, backChanAttrs, minorVersion);
  const bound = wantsBack && session.back !== null && peer !== null;
  if (bound) session.back?.bind(peer);
  server.leases.renew(client);
  return {
    status: NFS4_OK,
    sessionId: session.id,
    sequence: args.sequence,
    // No reply cache that survives us.
    flags: bound ? CREATE_SESSION4_FLAG_CONN_BACK_CHAN : 0,
    foreChanAttrs: fore,
    backChanAttrs,
  };
}

/** A connection may be bound later; null: in no way that we know. */
function backChannel(
  { settings }: ServerState,
  { id }: Session,
  { cbProgram, secParms, backChanAttrs }: CreateSessionArgs,
  attrs: ChannelAttrs,
  minorVersion: number,
): BackChannel | null {
  const terms = termsFrom(cbProgram, secParms);
  if (terms === null || isTooSmall(backChanAttrs)) return null;
  const { clock, leaseMs } = settings;
  const timeoutMs = leaseMs / CALLS_PER_LEASE;
  return new BackChannel({ clock, timeoutMs, sessionId: id, minorVersion, attrs, terms });
}

/** As the client has it: what we send is short, and so is what it answers. */
const agreeOnBack = (asked: ChannelAttrs, limits: Limits): ChannelAttrs => ({
  ...asked,
  headerPadSize: 0,
  maxRequestSize: Math.min(asked.maxRequestSize, limits.messageBytes),
  maxResponseSize: Math.min(asked.maxResponseSize, limits.messageBytes),
  maxRequests: Math.min(asked.maxRequests, limits.slotsPerSession),
  rdmaIrd: null,
});

/** No session gets more than this part of the memory that is left for slots: there will be others. */
const SESSIONS_TO_COME = 16;

/** The smaller of what both sides can do. No slots at all where there is no memory for one. @param leftBytes for slots */
function agree(asked: ChannelAttrs, limits: Limits, leftBytes: number): ChannelAttrs {
  const maxResponseSizeCached = Math.min(asked.maxResponseSizeCached, limits.cachedReplyBytes);
  const bytes = slotBytes({ maxResponseSizeCached });
  const fair = Math.max(1, Math.floor(leftBytes / SESSIONS_TO_COME / bytes));
  const maxRequests = Math.max(1, Math.min(asked.maxRequests, limits.slotsPerSession, fair));
  return {
    headerPadSize: 0,
    maxRequestSize: Math.min(asked.maxRequestSize, limits.messageBytes),
    maxResponseSize: Math.min(asked.maxResponseSize, limits.messageBytes),
    maxResponseSizeCached,
    maxOperations: Math.max(1, Math.min(asked.maxOperations, limits.operationsPerCompound)),
    maxRequests: bytes > leftBytes ? 0 : maxRequests,
    rdmaIrd: null,
  };
}
