/** How often a fault really had its effect, where that is more than that it was injected; names as in coverage.ts. */
import type { FaultEvent, History } from '../history/events.ts';
import type { CheckContext } from './context.ts';

export const FAULT_COVERAGE = {
  crashedAtStep: 'nodes that died at a named step of the protocol',
  stalledAtStep: 'nodes that stood still for a while at a named step of the protocol',
  slowBoots: 'boots that stood still half-way',
  stormyLives: 'lives that ended in a reboot storm',
  skewedClocks: 'lives begun with a clock that is ahead of the others',
  clientsLost: 'clients that crashed, or were restarted, with all that they believed in',
  relayedMessages:
    'requests and replies that a relay dropped, delayed, doubled, reordered, or ended a connection for',
  answeredFromSlot: 'LOCKs whose reply was lost, and that were answered all the same and given only once',
  framesLost: 'frames lost at random',
  segmentsReset: 'TCP segments answered with a reset',
  ledgerTroubles: 'stretches in which a ledger was slow, gone or full',
  storageTroubles: "boots with a node's own storage empty or read-only",
} as const;

export type FaultCoverage = keyof typeof FAULT_COVERAGE;

type CountedByName = Exclude<FaultCoverage, 'answeredFromSlot'>;

/** By the name of the fault: what it counts as. */
const COUNTED: Readonly<Record<string, CountedByName>> = {
  crash: 'crashedAtStep',
  stall: 'stalledAtStep',
  'slow-boot': 'slowBoots',
  'reboot-storm': 'stormyLives',
  'clock-skew': 'skewedClocks',
  'client-crash': 'clientsLost',
  'client-restart': 'clientsLost',
  'drop-message': 'relayedMessages',
  'delay-message': 'relayedMessages',
  'duplicate-message': 'relayedMessages',
  'reorder-message': 'relayedMessages',
  'reset-message': 'relayedMessages',
  loss: 'framesLost',
  reset: 'segmentsReset',
  'ledger-slow': 'ledgerTroubles',
  'ledger-gone': 'ledgerTroubles',
  'ledger-full': 'ledgerTroubles',
  'stable-lost': 'storageTroubles',
  'stable-read-only': 'storageTroubles',
};

/** Of these the end of the fault says how many there were: `37 frames lost`. Of all others each target counts once when it begins. */
const SAID_AT_THE_END: ReadonlySet<CountedByName> = new Set(['framesLost', 'segmentsReset']);

const saidAtItsEnd = ({ phase, detail = '' }: FaultEvent): number =>
  phase === 'end' ? Number(/^\d+/.exec(detail)?.[0] ?? 0) : 0;

export function faultCoverage(history: History): Record<CountedByName, number> {
  const counts = Object.fromEntries(Object.keys(FAULT_COVERAGE).map((name) => [name, 0])) as Record<
    CountedByName,
    number
  >;
  for (const event of history) {
    const counted = event.kind === 'fault' ? COUNTED[event.fault] : undefined;
    if (event.kind !== 'fault' || counted === undefined) continue;
    const begun = event.phase === 'begin' ? event.targets.length : 0;
    counts[counted] += SAID_AT_THE_END.has(counted) ? saidAtItsEnd(event) : begun;
  }
  return counts;
}

const LOST_REPLY = /^drop the reply to LOCK /;

/**
 * A LOCK that was under way when a relay dropped such a reply, ended well, and was given once in all that time: the server knew the second
 * request for the first one (RFC 8881 section 2.10.6.1). Whose reply it was the address in the history does not say, so a range that somebody
 * else asked for at that very moment may be the one that is counted.
 */
export function answeredFromSlot({ history, milestones, operations }: CheckContext): number {
  let answered = 0;
  for (const [, event] of milestones) {
    if (event.kind !== 'fault' || event.phase !== 'begin' || !LOST_REPLY.test(event.detail ?? '')) continue;
    const lost = operations.all.filter(
      ({ op, reclaim, outcome, invokedAt, repliedAt }) =>
        op === 'lock' && !reclaim && outcome === 'ok' && invokedAt < event.t && event.t < repliedAt,
    );
    for (const { client, owner, start, invokedAt, repliedAt } of lost) {
      const grants = history.filter(
        (one) =>
          one.kind === 'node' &&
          one.event === 'grant' &&
          one.op === 'lock' &&
          one.client === client &&
          one.owner === owner &&
          one.span?.start === start &&
          one.t > invokedAt &&
          one.t < repliedAt,
      );
      if (grants.length === 1) answered += 1;
    }
  }
  return answered;
}
