/**
 * Every way in which the ledger may change, as pure functions `(ledger, command) -> ledger | refusal`.
 * Whoever wants a change computes it here and swaps it in; a lost swap is computed anew from what is
 * there now. docs/protocol.md holds the argument for each rule.
 */
import { handOver, inherit, migrate } from './address-transitions.ts';
import { type Command, done, type FromNode, refuse, type TransitionResult } from './commands.ts';
import { asIncarnation, asView, type Incarnation, type NodeId, type View } from './ids.ts';
import {
  barrierReached,
  carrierOf,
  claimsServedBy,
  inGrace,
  type Ledger,
  type Member,
  memberOf,
  newMember,
} from './ledger.ts';
import {
  callOff,
  enterGrace,
  nextView,
  openCarried,
  returnAddresses,
  settle,
  withMember,
} from './ledger-changes.ts';
import { type Mutants, NO_MUTANTS } from './mutants.ts';

export type { Command, Refusal } from './commands.ts';

/**
 * Applies one command. Total: every command on every ledger gives a ledger or a typed refusal.
 * @param mutants only for tests and the model: which rules to break
 */
export function transition(
  ledger: Ledger,
  command: Command,
  mutants: Mutants = NO_MUTANTS,
): TransitionResult {
  switch (command.type) {
    case 'admit':
      return admit(ledger, command.node);
    case 'retire':
      return retire(ledger, command.node, mutants);
    case 'boot':
      return boot(ledger, command, mutants);
    case 'confirm-death':
      return confirmDeath(ledger, command, mutants);
    case 'migrate':
      return migrate(ledger, command, mutants);
    default:
      if ('operator' in command) return abandon(ledger, command.dead, mutants);
      return fromServingNode(ledger, command, mutants);
  }
}

type ServingCommand = Exclude<
  Command,
  { type: 'admit' | 'retire' | 'boot' | 'confirm-death' | 'migrate' } | { operator: true }
>;

/** The fence: only the current life of a node that is not down speaks for it. */
function fromServingNode(ledger: Ledger, command: ServingCommand, mutants: Mutants): TransitionResult {
  const sender = senderOf(ledger, command, mutants);
  if (sender === undefined) return refuse('not-a-member');
  if (sender.incarnation !== command.incarnation || sender.state === 'down')
    return refuse('stale-incarnation');
  // A suspect may say that it has stopped, which is all the barrier waits for. Whether its locks are
  // still its own nobody knows, so it decides nothing else before it has booted again.
  if (sender.state === 'suspect' && command.type !== 'acknowledge') return refuse('stale-incarnation');
  switch (command.type) {
    case 'acknowledge':
      return acknowledge(ledger, sender, command, mutants);
    case 'report-death':
      return reportDeath(ledger, command, mutants);
    case 'inherit':
      return inherit(ledger, sender, command);
    case 'finish':
      return finish(ledger, sender, command, mutants);
    case 'abandon':
      return abandon(ledger, command.dead, mutants);
    case 'hand-over':
      return handOver(ledger, command, mutants);
    case 'leave':
      return leave(ledger, sender, command, mutants);
    case 'depart':
      return depart(ledger, sender, command, mutants);
  }
}

/** Mutant D3: whoever acknowledges is a member, even if it was retired meanwhile. */
function senderOf(ledger: Ledger, command: ServingCommand, mutants: Mutants): Member | undefined {
  const sender = memberOf(ledger, command.node);
  if (sender !== undefined || command.type !== 'acknowledge' || !mutants.has('D3')) return sender;
  return { ...newMember(ledger.nextBeaconIndex, command.incarnation), state: 'up' };
}

function admit(ledger: Ledger, node: NodeId): TransitionResult {
  if (memberOf(ledger, node) !== undefined) return refuse('already-a-member');
  const admitted = withMember(ledger, node, newMember(ledger.nextBeaconIndex, ledger.incarnationFloor));
  return done(nextView({ ...admitted, nextBeaconIndex: ledger.nextBeaconIndex + 1 }));
}

/**
 * Only of a member that is down and whose claims are closed: so it can neither lift a grace that
 * another needs (D1), nor take a client's chance away, nor be hit by a late acknowledgement (D3: the
 * sender is no member any more). A dead member does not block it (D2): its claims close by an heir, by
 * its return or at the deadline, and then it may go, in grace or not.
 */
function retire(ledger: Ledger, node: NodeId, mutants: Mutants): TransitionResult {
  const member = memberOf(ledger, node);
  if (member === undefined) return refuse('not-a-member');
  const anyway = mutants.has('D3');
  if (member.state !== 'down' && !anyway) return refuse('still-serving');
  if (member.claims === 'open' && !anyway) return refuse('claims-open');
  if (mutants.has('D2') && inGrace(ledger)) return refuse('claims-open');
  // What an heir has finished opens again should that heir be lost; and whoever has inherited is owed an heir itself.
  const owed = member.heir !== null || claimsServedBy(ledger, node).length > 0;
  if (owed && !anyway && !mutants.has('M5')) return refuse('claims-open');
  // Its clients live on at the node that carries its address: what is known of them goes by its name.
  const away = carrierOf(ledger, node) !== node;
  if (away && !anyway && !mutants.has('M5')) return refuse('address-carried');
  const { [node]: _, ...members } = returnAddresses(ledger, node).members;
  const incarnationFloor = asIncarnation(Math.max(ledger.incarnationFloor, member.incarnation));
  const retired = nextView({ ...ledger, members, incarnationFloor });
  if (mutants.has('D1')) return done({ ...retired, recoveryEpoch: null });
  return done(settle(retired, mutants));
}

/**
 * Every boot starts or joins grace. The caller has made sure that the previous life's beacon is out
 * and that the new one's is lit, so nobody ever sees an incarnation here whose beacon was not lit yet.
 * A boot acknowledges the view that it makes: a life that begins has granted nothing, has no clients to
 * record, and knows the view since it wrote it.
 */
function boot(ledger: Ledger, command: FromNode, mutants: Mutants): TransitionResult {
  const member = memberOf(ledger, command.node);
  if (member === undefined) return refuse('not-a-member');
  if (command.incarnation !== member.incarnation + 1) return refuse('not-the-next-incarnation');
  const booted: Member = {
    ...member,
    incarnation: command.incarnation,
    state: 'up',
    acknowledgedView: asView(0),
    leaving: false,
    ...(mutants.has('M3') && { addressAt: null, heir: null }),
  };
  const reopened = openCarried(withMember(ledger, command.node, booted), command.node, mutants);
  const joined = enterGrace(reopened, mutants);
  const acknowledged: Member = { ...joined.members[command.node]!, acknowledgedView: joined.view };
  return done(settle(withMember(joined, command.node, acknowledged), mutants));
}

/** Names the view it is for, so that one which was late never counts for a later grace (D4). */
function acknowledge(
  ledger: Ledger,
  sender: Member,
  command: FromNode & { view: View },
  mutants: Mutants,
): TransitionResult {
  if (command.view !== ledger.view && !mutants.has('D4')) return refuse('old-view');
  if (sender.acknowledgedView === ledger.view) return refuse('already-acknowledged');
  return done(
    settle(withMember(ledger, command.node, { ...sender, acknowledgedView: ledger.view }), mutants),
  );
}

function reportDeath(
  ledger: Ledger,
  command: FromNode & { peer: NodeId; peerIncarnation: Incarnation },
  mutants: Mutants,
): TransitionResult {
  if (command.peer === command.node) return refuse('own-death');
  const peer = memberOf(ledger, command.peer);
  if (peer === undefined) return refuse('not-a-member');
  if (peer.incarnation !== command.peerIncarnation) return refuse('stale-incarnation');
  if (peer.state === 'down') return refuse('already-down');
  if (peer.state === 'suspect') return refuse('already-suspect');
  const state = ledger.beaconProvesDeath ? 'down' : 'suspect';
  return done(lose(ledger, command.peer, peer, state, mutants));
}

function confirmDeath(ledger: Ledger, command: FromNode, mutants: Mutants): TransitionResult {
  const member = memberOf(ledger, command.node);
  if (member === undefined) return refuse('not-a-member');
  if (member.incarnation !== command.incarnation && !mutants.has('M6')) return refuse('stale-incarnation');
  if (member.state === 'down') return refuse('already-down');
  return done(lose(ledger, command.node, member, 'down', mutants));
}

/**
 * A node is gone, or may be: the claims of all who came to it open, whatever address they came by. What a
 * suspect had acknowledged counts no more: that it granted nothing new is not enough, its clients must have been told.
 */
function lose(
  ledger: Ledger,
  node: NodeId,
  member: Member,
  state: 'suspect' | 'down',
  mutants: Mutants,
): Ledger {
  const lost: Member = { ...member, state, acknowledgedView: asView(0), leaving: false };
  const opened = openCarried(withMember(ledger, node, lost), node, mutants);
  return settle(enterGrace(callOff(opened, node, mutants), mutants), mutants);
}

function finish(
  ledger: Ledger,
  sender: Member,
  command: FromNode & { claimant: NodeId },
  mutants: Mutants,
): TransitionResult {
  const claimant = memberOf(ledger, command.claimant);
  if (claimant === undefined) return refuse('not-a-member');
  if (!inGrace(ledger)) return refuse('no-grace');
  if (claimant.claims === 'closed') return refuse('claims-closed');
  if (!claimsServedBy(ledger, command.node).includes(command.claimant)) return refuse('not-served-here');
  // A leaving node's clients have everything to reclaim and nobody yet to reclaim it from.
  if (sender.leaving) return refuse('still-serving');
  // Nor have those whose address is on its way.
  if (claimant.movingTo !== null) return refuse('moving');
  if (!barrierReached(ledger)) return refuse('before-barrier');
  return done(settle(withMember(ledger, command.claimant, { ...claimant, claims: 'closed' }), mutants));
}

/** Nobody comes for what was to be reclaimed at `node`. Whoever is back and had its address carried by `node` gets it back: nobody else answers there. */
function abandon(ledger: Ledger, node: NodeId, mutants: Mutants): TransitionResult {
  const dead = memberOf(ledger, node);
  if (dead === undefined) return refuse('not-a-member');
  if (mutants.has('D2') || (mutants.has('D5') && dead.leaving)) return refuse('claims-open');
  if (!inGrace(ledger)) return refuse('no-grace');
  if (dead.state !== 'down') return refuse('still-serving');
  const claimants = claimsServedBy(ledger, node);
  if (claimants.length === 0) return refuse(dead.claims === 'closed' ? 'claims-closed' : 'has-heir');
  if (!barrierReached(ledger)) return refuse('before-barrier');
  let closed = returnAddresses(ledger, node);
  for (const claimant of claimants)
    closed = withMember(closed, claimant, { ...closed.members[claimant]!, claims: 'closed', heir: null });
  return done(settle(closed, mutants));
}

function leave(ledger: Ledger, sender: Member, command: FromNode, mutants: Mutants): TransitionResult {
  if (sender.leaving) return refuse('already-leaving');
  const leaving: Member = { ...sender, leaving: true };
  const opened = openCarried(withMember(ledger, command.node, leaving), command.node, mutants);
  return done(enterGrace(callOff(opened, command.node, mutants), mutants));
}

/**
 * The leaver is taken out of everybody's beacon test while all others already refuse new state, so no
 * view is needed and no death is ever reported: the restart has no window (C11).
 */
function depart(ledger: Ledger, sender: Member, command: FromNode, mutants: Mutants): TransitionResult {
  if (!sender.leaving) return refuse('not-leaving');
  if (!barrierReached(ledger)) return refuse('before-barrier');
  // Mutant D5 keeps the mark of who left, and never lets go of what it left behind.
  const departed: Member = { ...sender, state: 'down', leaving: mutants.has('D5') };
  return done(settle(withMember(ledger, command.node, departed), mutants));
}

/** The next incarnation of a node; the beacon to light before the boot is swapped in. */
export const nextIncarnation = (member: Member): Incarnation => asIncarnation(member.incarnation + 1);
