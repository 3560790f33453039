import {
  type SetClientidArgs,
  type SetClientidResult,
  setClientid,
} from '../../nfs4/operations/set-clientid.ts';
import { NFS4_OK, NFS4ERR_CLID_INUSE, NFS4ERR_DELAY } from '../../nfs4/status.ts';
import { dialTarget } from '../callbacks/address.ts';
import type { DialledTerms } from '../callbacks/dialled-path.ts';
import { OUR_CREDENTIAL } from '../callbacks/terms.ts';
import { admitsClient } from '../client-admission.ts';
import type { Compound } from '../compound.ts';
import type { ServedOperation } from '../served-operation.ts';
import type { ServerState } from '../server-state.ts';
import { type Introduction, ownerKeyOf, SessionlessClient } from './client.ts';
import { identityOf } from './principal.ts';

/** RFC 7530 section 16.33; the cases are those of its section 16.33.5. Served during grace as always (row 3). */
export const serveSetClientid: ServedOperation<SetClientidArgs, SetClientidResult> = {
  codec: setClientid,
  placement: 'anywhere',
  onAbsent: 'served',
  serve(compound, args) {
    const { server, caller } = compound;
    const ownerId = args.client.id.toString('hex');
    const identity = identityOf(ownerId, caller);
    const confirmed = confirmedClientOf(server, identity);
    const introduction = introductionFrom(compound, args);
    if (confirmed !== null && confirmed.identity.principal !== identity.principal) {
      if (isInUse(server, confirmed)) {
        return { status: NFS4ERR_CLID_INUSE, clientUsing: confirmed.introduction.location };
      }
    } else if (confirmed !== null && isSameInstance(confirmed, args.client.verifier)) {
      // Only where it can be called back may have changed: its client id and all it has stay.
      server.clients.dropUnconfirmed(confirmed.ownerKey);
      confirmed.update = introduction;
      return answer(confirmed, introduction);
    }
    // New here, or started anew: what it had stays until the new client id is confirmed.
    if (!admitsClient(server)) return { status: NFS4ERR_DELAY };
    if (confirmed !== null) confirmed.update = null;
    const nowMs = server.settings.clock.nowMs();
    const { blocks } = server.locking.stateids;
    const client = server.clients.add(
      (clientId, index) =>
        new SessionlessClient(
          identity,
          args.client.verifier,
          introduction,
          { clientId, index, blocks },
          nowMs,
        ),
    );
    server.leases.watch();
    return answer(client, introduction);
  },
};

/** The owner's client that has a confirmed client id. */
export function confirmedClientOf(
  { clients }: ServerState,
  owner: Parameters<typeof ownerKeyOf>[0],
): SessionlessClient | null {
  const confirmed = clients.confirmedOf(ownerKeyOf(owner));
  return confirmed instanceof SessionlessClient ? confirmed : null;
}

/** Row 25: whoever comes with another principal may have the owner id when there is nothing that the first one could lose. */
export const isInUse = ({ leases }: ServerState, client: SessionlessClient): boolean =>
  client.mayLoseState && !leases.lapsed(client);

/** Not one that lost something: it needs a new client id to be rid of EXPIRED. */
const isSameInstance = (client: SessionlessClient, verifier: Buffer): boolean =>
  client.verifier.equals(verifier) &&
  client.standing === 'live' &&
  client.revoked === 0 &&
  client.leaving.size === 0;

const introductionFrom = (compound: Compound, args: SetClientidArgs): Introduction => ({
  confirm: compound.server.nextConfirmVerifier(),
  location: args.callback.cbLocation,
  callback: callbackFrom(compound, args),
});

/** As the client came to us, so we come to it: without a name, or with one. */
function callbackFrom(
  { caller, request }: Compound,
  { callback, callbackIdent }: SetClientidArgs,
): DialledTerms | null {
  const { ends } = request.peer ?? { ends: null };
  const target = ends === null ? null : dialTarget(callback.cbLocation, ends);
  if (target === null) return null;
  const credential = caller.principal === 'none' ? ({ kind: 'none' } as const) : OUR_CREDENTIAL;
  return { target, program: callback.cbProgram, ident: callbackIdent, credential };
}

const answer = ({ clientId }: SessionlessClient, { confirm }: Introduction): SetClientidResult => ({
  status: NFS4_OK,
  clientId,
  setclientidConfirm: confirm,
});
