import { type FaultEvent, LIFE_ENDING_FAULTS, type NodeEvent } from '../history/events.ts';
import { type Bracket, type LedgerStep, memberNamed } from './graces.ts';
import type { Milestone } from './milestones.ts';

/** Does this fault end the life of its targets, so that what they had in memory is gone? */
export function endsLife(fault: FaultEvent): boolean {
  return fault.endsLife ?? LIFE_ENDING_FAULTS.has(fault.fault);
}

/** What a node says, or the lab of it, when its life is over. */
export const LAST_WORDS: Partial<Record<NodeEvent['event'], string>> = {
  exited: 'it ended by itself',
  fenced: 'it was fenced',
  'gave-up': 'it gave up',
};

/** A new life of a node. */
export interface Boot extends Bracket {
  readonly incarnation: number;
}

/** The history says that a life of a node ended. Several signs may tell of one death. */
export interface DeathSign extends Bracket {
  /** `power-cut`, `declared down`, `a new incarnation`. */
  readonly what: string;
  /** In a sentence about the node: it `died`; or only `let it go`, where it lives. */
  readonly verb?: 'let it go';
}

/** What is known of the lives of one node. */
export interface NodeLives {
  /** In order. A node that was up before the history began has no boot for that life. */
  readonly boots: readonly Boot[];
  /** In order of `latest`. */
  readonly deaths: readonly DeathSign[];
  /** The first ledger seen knew it as booted already. */
  readonly bootedBefore: boolean;
}

export const NO_LIVES: NodeLives = { boots: [], deaths: [], bootedBefore: true };

/** Collects boots and deaths of every node from the ledger, from faults, and from boot events where there is no ledger. */
export function nodeLives(
  milestones: readonly Milestone[],
  steps: readonly LedgerStep[],
): Map<string, NodeLives> {
  const lives = new Map<string, { boots: Boot[]; deaths: DeathSign[]; bootedBefore: boolean }>();
  const of = (node: string) => {
    let entry = lives.get(node);
    if (entry === undefined) {
      entry = { boots: [], deaths: [], bootedBefore: false };
      lives.set(node, entry);
    }
    return entry;
  };
  let previous: LedgerStep | undefined;
  for (const step of steps) {
    for (const [node, member] of Object.entries(step.event.ledger.members)) {
      const before = previous === undefined ? undefined : memberNamed(previous.event.ledger, node);
      const { latest, index } = step;
      const ownBoot = step.event.command === 'boot' && step.event.node === node;
      if (before === undefined && !ownBoot && member.incarnation > 0) of(node).bootedBefore = true;
      if (ownBoot || (before !== undefined && member.incarnation > before.incarnation)) {
        const earliest = ownBoot ? step.earliest : (previous?.earliest ?? step.earliest);
        of(node).boots.push({ incarnation: member.incarnation, earliest, latest, index });
        if (before !== undefined && before.incarnation > 0) {
          of(node).deaths.push({ what: 'a new incarnation', earliest, latest, index });
        }
      }
      if (before?.state === 'up' && member.state !== 'up') {
        of(node).deaths.push({ what: `declared ${member.state}`, earliest: step.earliest, latest, index });
      }
    }
    previous = step;
  }
  for (const [index, event] of milestones) {
    if (event.kind === 'fault' && event.phase === 'begin' && endsLife(event)) {
      for (const target of event.targets) {
        of(target).deaths.push({ what: event.fault, earliest: event.t, latest: event.t, index });
      }
    }
    const ending = event.kind === 'node' ? LAST_WORDS[event.event] : undefined;
    if (event.kind === 'node' && ending !== undefined) {
      of(event.node).deaths.push({
        what: ending,
        earliest: event.t,
        latest: event.t,
        index,
      });
    }
    if (steps.length === 0 && event.kind === 'node' && event.event === 'boot') {
      of(event.node).boots.push({
        incarnation: event.incarnation,
        earliest: event.t,
        latest: event.t,
        index,
      });
    }
  }
  for (const entry of lives.values()) entry.deaths.sort((a, b) => a.latest - b.latest);
  return lives;
}

/** The first sign after `t` that the life of the node at that moment has ended. */
export function deathAfter(lives: NodeLives, t: number): DeathSign | undefined {
  return lives.deaths.find((sign) => sign.latest > t);
}

/** Does any sign say that a life of the node ended in (from, to)? Counts signs that may lie in it. */
export function diedBetween(lives: NodeLives, from: number, to: number): boolean {
  return lives.deaths.some((sign) => sign.latest > from && sign.earliest < to);
}
