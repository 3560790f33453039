import {
  EXCHGID4_FLAG_BIND_PRINC_STATEID,
  EXCHGID4_FLAG_CONFIRMED_R,
  EXCHGID4_FLAG_MASK_PNFS,
  EXCHGID4_FLAG_SUPP_MOVED_MIGR,
  EXCHGID4_FLAG_SUPP_MOVED_REFER,
  EXCHGID4_FLAG_UPD_CONFIRMED_REC_A,
  EXCHGID4_FLAG_USE_NON_PNFS,
  SP4_MACH_CRED,
  SP4_NONE,
} from '../../nfs4/constants.ts';
import { type ExchangeIdArgs, type ExchangeIdResult, exchangeId } from '../../nfs4/operations/exchange-id.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_CLID_INUSE,
  NFS4ERR_DELAY,
  NFS4ERR_ENCR_ALG_UNSUPP,
  NFS4ERR_INVAL,
  NFS4ERR_NOENT,
  NFS4ERR_NOT_SAME,
  NFS4ERR_PERM,
} from '../../nfs4/status.ts';
import { admitsClient } from '../client-admission.ts';
import type { Compound } from '../compound.ts';
import type { Settings } from '../options.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import { type Client, ownerKeyOf } from '../state/clients.ts';

const KNOWN_FLAGS =
  (EXCHGID4_FLAG_SUPP_MOVED_REFER |
    EXCHGID4_FLAG_SUPP_MOVED_MIGR |
    EXCHGID4_FLAG_BIND_PRINC_STATEID |
    EXCHGID4_FLAG_MASK_PNFS |
    EXCHGID4_FLAG_UPD_CONFIRMED_REC_A) >>>
  0;

/** RFC 8881 section 18.35; the numbered cases are those of its section 18.35.4. Served during grace as always (row 3). */
export const serveExchangeId: ServedOperation<ExchangeIdArgs, ExchangeIdResult> = {
  codec: exchangeId,
  placement: 'anywhere',
  onAbsent: 'served',
  serve(compound, args) {
    const bad = judgeArgs(args);
    if (bad !== null) return { status: bad };
    const { clients } = compound.server;
    const ownerId = args.clientOwner.ownerId.toString('hex');
    const confirmed = clients.confirmedOf(ownerKeyOf({ ownerId, ...compound.caller }));
    if ((args.flags & EXCHGID4_FLAG_UPD_CONFIRMED_REC_A) !== 0)
      return update(compound, args, ownerId, confirmed);
    if (confirmed === null) return newOwner(compound, args, ownerId);
    if (confirmed.identity.principal !== compound.caller.principal) {
      return collision(compound, args, ownerId, confirmed);
    }
    // Case 2: the same client, in the same life (row 24).
    if (confirmed.verifier.equals(args.clientOwner.verifier)) return answer(compound.server, confirmed);
    // Case 5: the client has restarted. What it had stays until CREATE_SESSION confirms the new one (row 23).
    return newOwner(compound, args, ownerId);
  },
};

function judgeArgs(args: ExchangeIdArgs): Failure | null {
  if ((args.flags & ~KNOWN_FLAGS) !== 0) return NFS4ERR_INVAL;
  if (args.stateProtect.how === SP4_NONE) return null;
  // Both ask for RPCSEC_GSS, which this call did not come with.
  return args.stateProtect.how === SP4_MACH_CRED ? NFS4ERR_INVAL : NFS4ERR_ENCR_ALG_UNSUPP;
}

/** Cases 6 to 9. */
function update(
  compound: Compound,
  args: ExchangeIdArgs,
  ownerId: string,
  confirmed: Client | null,
): ExchangeIdResult {
  if (confirmed === null) {
    compound.server.clients.dropUnconfirmed(ownerKeyOf({ ownerId, ...compound.caller }));
    return { status: NFS4ERR_NOENT };
  }
  if (!confirmed.verifier.equals(args.clientOwner.verifier)) return { status: NFS4ERR_NOT_SAME };
  if (confirmed.identity.principal !== compound.caller.principal) return { status: NFS4ERR_PERM };
  return answer(compound.server, confirmed);
}

/** Cases 1 and 4, and the second half of 3 and 5: an unconfirmed client id, which replaces another unconfirmed one. */
function newOwner({ server, caller }: Compound, args: ExchangeIdArgs, ownerId: string): ExchangeIdResult {
  if (!admitsClient(server)) return { status: NFS4ERR_DELAY };
  const { principal, service } = caller;
  const identity = { ownerId, principal, ...(service !== undefined && { service }) };
  const client = server.clients.create(identity, args.clientOwner.verifier, server.settings.clock.nowMs());
  server.leases.watch();
  return answer(server, client);
}

/** Case 3: another principal with the same owner id (row 25). */
function collision(
  compound: Compound,
  args: ExchangeIdArgs,
  ownerId: string,
  confirmed: Client,
): ExchangeIdResult | Promise<ExchangeIdResult> {
  const { leases } = compound.server;
  const inUse = confirmed.mayLoseState || confirmed.sessions.size > 0;
  if (inUse && !leases.lapsed(confirmed)) return { status: NFS4ERR_CLID_INUSE };
  return leases
    .discard(confirmed)
    .then((gone) => (gone ? newOwner(compound, args, ownerId) : { status: NFS4ERR_DELAY }));
}

function answer({ settings }: ServerState, client: Client): ExchangeIdResult {
  const confirmed = client.confirmed ? EXCHGID4_FLAG_CONFIRMED_R : 0;
  return {
    status: NFS4_OK,
    clientId: client.clientId,
    sequenceId: (client.createSession.seqid + 1) >>> 0,
    flags: (EXCHGID4_FLAG_USE_NON_PNFS | confirmed) >>> 0,
    stateProtect: { how: SP4_NONE },
    serverOwner: {
      minorId: settings.serverOwner.minor,
      majorId: Buffer.from(majorOf(settings, client), 'utf8'),
    },
    serverScope: Buffer.from(settings.serverScope, 'utf8'),
    serverImplId: null,
  };
}

/** Of the address that the client came by: the same wherever that leads, and no other address is a second path to it (section 2.10.5). */
function majorOf({ serverOwner, services }: Settings, { identity: { service } }: Client): string {
  return service === undefined || services === null ? serverOwner.major : services.majorOf(service);
}
