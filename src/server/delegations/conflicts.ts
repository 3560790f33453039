import { type Failure, NFS4ERR_DELAY } from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FileNode } from '../filesystem/types.ts';
import { DELEGATIONS, WANTED_FOR_CHANGE, WANTED_FOR_READING, WRITE_DELEGATION } from '../marks/kinds.ts';
import type { Client } from '../state/clients.ts';
import type { Delegation } from '../state/delegations.ts';
import type { FileState } from '../state/files.ts';
import { SHARE_WRITE } from '../state/opens.ts';

/**
 * What an operation without an open does to a file. `change`: its contents, attributes or names, which no other client may have a delegation of.
 * `read`: its contents, or what a client that writes by itself changes of its attributes, which no other client may have a write delegation of.
 */
export type Deed = 'read' | 'change';

/**
 * Recalls what this node's clients have that stands against an open by this one; DELAY, until it is back. Null: nothing does. What
 * clients of other nodes have is found when the open is shown to them; where one must wait, the others are asked at the same time.
 */
export function recallForOpen(
  compound: Compound,
  file: FileState,
  access: number,
  deny: number,
): Failure | null {
  const here = recallSome(compound, file.delegations, (delegation) => delegation.conflictsWith(access, deny));
  if (here !== null) recallElsewhere(compound, file.node, changes(access, deny) ? 'change' : 'read');
  return here;
}

/** Is an open more than reading what is there? Then read delegations stand against it as well, as a rule. */
export const changes = (access: number, deny: number): boolean => (access & SHARE_WRITE) !== 0 || deny !== 0;

/** The same for what needs no open, by clients of all nodes (RFC 8881 section 10.4). */
export function recallFor(compound: Compound, node: FileNode, deed: Deed): Failure | null {
  if (node.type !== 'regular') return null;
  const { locking } = compound.server;
  const delegations = locking.delegations.size === 0 ? undefined : locking.files.find(node)?.delegations;
  const here = recallSome(compound, delegations ?? [], ({ type }) => deed === 'change' || type === 'write');
  const elsewhere = recallElsewhere(compound, node, deed);
  return here ?? elsewhere;
}

/** The same for what has this name, if anything has. */
export function recallNamed(compound: Compound, directory: FileNode, name: string): Failure | null {
  const { server } = compound;
  if (!mayHaveAny(compound, directory, 'change')) return null;
  const node = server.settings.filesystem.lookup(directory, name);
  // Whoever does the work says what is wrong.
  return node.ok ? recallFor(compound, node.value, 'change') : null;
}

/** Does anybody in the domain have a delegation that this could stand against? */
export function mayHaveAny({ server }: Compound, node: FileNode, deed: Deed): boolean {
  if (server.domains.isPseudoRoot(node)) return false;
  const domain = server.domains.of(node);
  if ((server.locking.delegations.kindsIn(domain) & standingAgainst(deed)) !== 0) return true;
  const { marks } = domain;
  if (marks === undefined) return false;
  const elsewhere = marks.others(marks.anywhere, standingAgainst(deed));
  return !elsewhere.ok || elsewhere.value !== 0;
}

/** Delegations of other nodes: their node sees the wish on the board. */
function recallElsewhere(compound: Compound, node: FileNode, deed: Deed): Failure | null {
  const { domains, recalls, wishes } = compound.server;
  const domain = domains.of(node);
  const { marks } = domain;
  if (marks === undefined) return null;
  const anywhere = marks.others(marks.anywhere, standingAgainst(deed));
  if (!anywhere.ok) return statusOfErrno(anywhere.errno);
  if (anywhere.value === 0) {
    wishes.fulfil(domain, node);
    return null;
  }
  const place = marks.placeOf(node);
  const found = marks.others(place, standingAgainst(deed));
  if (!found.ok) return statusOfErrno(found.errno);
  if (found.value === 0) {
    wishes.fulfil(domain, node);
    return null;
  }
  recalls.contend(node.key);
  wishes.make(domain, place, deed === 'change' ? WANTED_FOR_CHANGE : WANTED_FOR_READING);
  return NFS4ERR_DELAY;
}

const standingAgainst = (deed: Deed): number => (deed === 'change' ? DELEGATIONS : WRITE_DELEGATION);

function recallSome(
  compound: Compound,
  delegations: Iterable<Delegation>,
  stands: (delegation: Delegation) => boolean,
): Failure | null {
  const { recalls, leases } = compound.server;
  const standing = [...delegations].filter(stands);
  // Who asks is found out only where it matters.
  const others = standing.length === 0 ? [] : othersThan(compound.asker, standing);
  for (const delegation of others) {
    const { client, file } = delegation;
    // Row 21: a courtesy ends with the first conflict.
    if (leases.lapsedIn(client, file.domain)) compound.expire(client);
    else recalls.recall(delegation);
  }
  return others.length > 0 ? NFS4ERR_DELAY : null;
}

const othersThan = (asker: Client | null, delegations: readonly Delegation[]): readonly Delegation[] =>
  delegations.filter(({ client }) => client !== asker);
