import { attributeBitmap } from '../../nfs4/attributes.ts';
import { type CbGetAttrResult, cbGetAttr } from '../../nfs4/callbacks/cb-get-attr.ts';
import { type CompoundReply, call } from '../../nfs4/compound.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import type { Credentials, FileNode } from '../filesystem/types.ts';
import { before } from '../patience.ts';
import type { Delegation } from '../state/delegations.ts';

/** What the holder of a write delegation says of its file, which it changes by itself. */
export interface HoldersWord {
  readonly delegation: Delegation;
  /** In bytes. */
  readonly size: bigint;
}

/** A holder that does not answer within this part of a lease is asked to give the delegation back instead. */
const ANSWERS_PER_LEASE = 10;
const ASKED = attributeBitmap(['change', 'size']);
/** Whoever asked need not be allowed to change the file, and by now nobody's request is at hand. */
const OURSELVES: Credentials = { uid: 0, gid: 0, gids: [] };

/**
 * Asks the client of this node that may be changing the file by itself what has become of it (CB_GETATTR, RFC 8881 section 10.4.3). Null: there is
 * no such client, or it cannot be asked.
 */
export function askHolder(compound: Compound, node: FileNode): Promise<HoldersWord | null> | null {
  const { leases, locking, settings } = compound.server;
  if (locking.delegations.size === 0 || node.type !== 'regular') return null;
  const delegation = writeDelegationOf(locking.files.find(node)?.delegations ?? []);
  if (delegation === null || delegation.client === compound.asker) return null;
  // It is to give it back anyway, or nobody is there.
  if (delegation.recalled || leases.lapsedIn(delegation.client, delegation.file.domain)) return null;
  const { clock, leaseMs } = settings;
  // Whoever asks next while it is being asked gets the same answer.
  delegation.asked ??= ask(compound, delegation).finally(() => {
    delegation.asked = null;
  });
  return before(clock, delegation.asked, clock.nowMs() + leaseMs / ANSWERS_PER_LEASE, null);
}

function writeDelegationOf(delegations: Iterable<Delegation>): Delegation | null {
  for (const delegation of delegations) if (delegation.type === 'write') return delegation;
  return null;
}

async function ask({ server }: Compound, delegation: Delegation): Promise<HoldersWord | null> {
  const { clock, filesystem, leaseMs, rights } = server.settings;
  const { client, file, changeWhenGiven, givenIn } = delegation;
  const request = call(cbGetAttr, { fh: filesystem.handleOf(file.node), attrRequest: ASKED });
  const deadlineMs = clock.nowMs() + leaseMs / ANSWERS_PER_LEASE;
  const reply = await client.callbackPath?.call([request], deadlineMs, givenIn === null ? [] : [givenIn]);
  const said = valuesIn(reply ?? null);
  if (said === null || !file.delegations.has(delegation)) return null;
  const { size, change } = said;
  const found = filesystem.attributes(file.node);
  if (!found.ok) return null;
  if (size === found.value.size && change === changeWhenGiven) return { delegation, size };
  // It has changed what is not here yet. How often, the change attribute that it gives does not tell, so each answer that it
  // has is a change, and now is when it was made.
  const noted = rights.during(OURSELVES, () => filesystem.setAttributes(file.node, { modifyTime: 'now' }));
  return noted.errno === null ? { delegation, size } : null;
}

function valuesIn(reply: CompoundReply | null): { readonly size: bigint; readonly change: bigint } | null {
  const result = reply?.results[0] as CbGetAttrResult | undefined;
  if (result?.status !== NFS4_OK) return null;
  const { size, change } = result.objAttributes.values;
  return size === undefined || change === undefined ? null : { size, change };
}
