import {
  asEpoch,
  asIncarnation,
  asView,
  type Epoch,
  type Incarnation,
  type NodeId,
  type View,
} from './ids.ts';

/**
 * - `up`: serves, or is about to; the barrier waits for it.
 * - `suspect`: its beacon is missing, which does not prove death on this filesystem (docs/protocol.md); the
 *   barrier waits for its acknowledgement or for the fencer's word.
 * - `down`: certainly not serving.
 */
export type MemberState = 'up' | 'suspect' | 'down';

export interface Member {
  /** Its number among all members that ever were: where its beacons are (beacon-slot.ts). */
  readonly beaconIndex: number;
  readonly incarnation: Incarnation;
  readonly state: MemberState;
  /**
   * The life that served the clients of its address at the last lift, 0 for none: only what that life recorded about them counts
   * in the next grace. What another life wrote speaks of locks that died with it, or of clients whose chance was given up.
   */
  readonly recordedIncarnation: Incarnation;
  /** Of which node that life was; null: its own. */
  readonly recordedAt: NodeId | null;
  /**
   * The newest view for which this incarnation's acknowledgement holds; 0 for none. A view that is made while grace
   * runs carries the acknowledgements of the one before over (transitions.ts says why that is safe).
   */
  readonly acknowledgedView: View;
  /** May the clients that come by its service address still reclaim in the grace that runs? At whoever carries that. */
  readonly claims: 'open' | 'closed';
  /** Who took them over in the grace that runs. Stays named until the lift, even when they are finished and when the heir is lost, unless they are given up. */
  readonly heir: NodeId | null;
  /** It announced a planned stop and still holds its locks (C11). */
  readonly leaving: boolean;
  /**
   * Who carries its service address since it was inherited or moved, null: it does itself. Outlives the lift and the
   * member's return: the clients who come by that address have their locks where it leads them.
   */
  readonly addressAt: NodeId | null;
  /** Its address is about to be handed to that node as planned, with its clients; null: it stays where it is. */
  readonly movingTo: NodeId | null;
}

/** What the whole cluster agrees on about one lock domain, by compare-and-swap. */
export interface Ledger {
  readonly view: View;
  /** Client records are written into this generation now. */
  readonly epoch: Epoch;
  /** Clients recorded in this generation may reclaim now; null: no grace. */
  readonly recoveryEpoch: Epoch | null;
  /** Does a missing beacon prove death? True where all nodes share one kernel; see docs/protocol.md and D19. */
  readonly beaconProvesDeath: boolean;
  /** What the next admitted member gets; never reused. */
  readonly nextBeaconIndex: number;
  /** No life of a member admitted from now on is numbered this or lower, so that a name that returns fences its former self. */
  readonly incarnationFloor: Incarnation;
  readonly members: Readonly<Record<NodeId, Member>>;
}

/** A ledger in which nobody has ever booted: view 1, epoch 1, no grace. */
export function createLedger(
  nodes: readonly NodeId[],
  options: { readonly beaconProvesDeath: boolean },
): Ledger {
  const members: Record<NodeId, Member> = {};
  nodes.forEach((node, index) => {
    members[node] = newMember(index, asIncarnation(0));
  });
  return {
    view: asView(1),
    epoch: asEpoch(1),
    recoveryEpoch: null,
    beaconProvesDeath: options.beaconProvesDeath,
    nextBeaconIndex: nodes.length,
    incarnationFloor: asIncarnation(0),
    members,
  };
}

/** A member that has not booted yet. */
export const newMember = (beaconIndex: number, incarnation: Incarnation): Member => ({
  beaconIndex,
  incarnation,
  recordedIncarnation: asIncarnation(0),
  recordedAt: null,
  state: 'down',
  acknowledgedView: asView(0),
  claims: 'closed',
  heir: null,
  leaving: false,
  addressAt: null,
  movingTo: null,
});

export const memberOf = (ledger: Ledger, node: NodeId): Member | undefined =>
  Object.hasOwn(ledger.members, node) ? ledger.members[node] : undefined;

/** A ledger never changes, and every rule asks it for its nodes. */
const sortedNodes = new WeakMap<Ledger, readonly NodeId[]>();

/** In the order of names, so that everything derived from a ledger is the same on every node. */
export function nodesOf(ledger: Ledger): readonly NodeId[] {
  let nodes = sortedNodes.get(ledger);
  if (nodes === undefined) {
    nodes = (Object.keys(ledger.members) as NodeId[]).sort();
    sortedNodes.set(ledger, nodes);
  }
  return nodes;
}

export const inGrace = (ledger: Ledger): boolean => ledger.recoveryEpoch !== null;

/** Those whose acknowledgement of the current view the barrier still waits for. */
export function unacknowledged(ledger: Ledger): NodeId[] {
  return nodesOf(ledger).filter((node) => {
    const member = ledger.members[node]!;
    return member.state !== 'down' && member.acknowledgedView !== ledger.view;
  });
}

/**
 * Has every node that may still serve acknowledged the current view? Nothing is reclaimed and no grace
 * ends before that: until then some node may still grant on an older view, and may not yet have
 * written its clients into the current epoch.
 */
export const barrierReached = (ledger: Ledger): boolean => unacknowledged(ledger).length === 0;

/** Where the service address of `owner` leads, and with it its clients. */
export const carrierOf = (ledger: Ledger, owner: NodeId): NodeId => ledger.members[owner]?.addressAt ?? owner;

/**
 * Where the clients of `owner` find the filesystem in the end, where that moves and addresses stay: whoever serves it in its place may have
 * handed it on in turn. A circle leads to the next on it.
 */
export function whereServed(ledger: Ledger, owner: NodeId): NodeId {
  const next = carrierOf(ledger, owner);
  const passed = new Set([owner]);
  for (let at = next; !passed.has(at); ) {
    const further = carrierOf(ledger, at);
    if (further === at) return at;
    passed.add(at);
    at = further;
  }
  return next;
}

/**
 * Whose clients may reclaim at `node`: of all addresses that lead there, those whose claims are open. For a dead node that is what
 * goes to its heir as one.
 */
export const claimsServedBy = (ledger: Ledger, node: NodeId): NodeId[] =>
  addressesCarriedBy(ledger, node).filter((owner) => ledger.members[owner]!.claims === 'open');

/** The dead at whom clients would have to reclaim, their own or inherited ones: an heir is wanted, or their return. */
export const unserved = (ledger: Ledger): NodeId[] =>
  nodesOf(ledger).filter(
    (node) => ledger.members[node]!.state === 'down' && claimsServedBy(ledger, node).length > 0,
  );

/** Whose service addresses lead to `node`: its own unless another carries it, and those that it carries for others. */
export const addressesCarriedBy = (ledger: Ledger, node: NodeId): NodeId[] =>
  nodesOf(ledger).filter((owner) => carrierOf(ledger, owner) === node);

/** Whose addresses `node` is to hand to another as planned. */
export const addressesMovingFrom = (ledger: Ledger, node: NodeId): NodeId[] =>
  addressesCarriedBy(ledger, node).filter((owner) => ledger.members[owner]!.movingTo !== null);

/**
 * What a life of a node is to the cluster. A `fenced` one must stop at once: a later incarnation, its
 * retirement or the word of its death is already in the ledger.
 */
export function standing(
  ledger: Ledger,
  node: NodeId,
  incarnation: Incarnation,
): 'current' | 'suspect' | 'fenced' {
  const member = memberOf(ledger, node);
  if (member === undefined || member.incarnation !== incarnation || member.state === 'down') return 'fenced';
  return member.state === 'suspect' ? 'suspect' : 'current';
}
