/** How often a fault really had its effect, where that is more than that it was injected; names as in coverage.ts. */
import type { FaultEvent, History } from '../history/events.ts';
import type { CheckContext } from './context.ts';

export const FAULT_COVERAGE = {
  crashedAtStep: 'nodes that died at a named step of the protocol',
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

/** By the name of the fault: what counts, and which of its events. */
const COUNTED: Readonly<
  Record<string, { readonly as: Exclude<FaultCoverage, 'answeredFromSlot'>; readonly by: 'begin' | 'detail' }>
> = {
  crash: { as: 'crashedAtStep', by: 'begin' },
  'slow-boot': { as: 'slowBoots', by: 'begin' },
  'reboot-storm': { as: 'stormyLives', by: 'begin' },
  'clock-skew': { as: 'skewedClocks', by: 'begin' },
  'client-crash': { as: 'clientsLost', by: 'begin' },
  'client-restart': { as: 'clientsLost', by: 'begin' },
  'drop-message': { as: 'relayedMessages', by: 'begin' },
  'delay-message': { as: 'relayedMessages', by: 'begin' },
  'duplicate-message': { as: 'relayedMessages', by: 'begin' },
  'reorder-message': { as: 'relayedMessages', by: 'begin' },
  'reset-message': { as: 'relayedMessages', by: 'begin' },
  loss: { as: 'framesLost', by: 'detail' },
  reset: { as: 'segmentsReset', by: 'detail' },
  'ledger-slow': { as: 'ledgerTroubles', by: 'begin' },
  'ledger-gone': { as: 'ledgerTroubles', by: 'begin' },
  'ledger-full': { as: 'ledgerTroubles', by: 'begin' },
  'stable-lost': { as: 'storageTroubles', by: 'begin' },
  'stable-read-only': { as: 'storageTroubles', by: 'begin' },
};

/** At their end such faults say how often they acted: `37 frames lost`. */
const saidAtItsEnd = ({ phase, detail = '' }: FaultEvent): number =>
  phase === 'end' ? Number(/^\d+/.exec(detail)?.[0] ?? 0) : 0;

export function faultCoverage(history: History): Record<Exclude<FaultCoverage, 'answeredFromSlot'>, number> {
  const counts = Object.fromEntries(Object.keys(FAULT_COVERAGE).map((name) => [name, 0])) as Record<
    Exclude<FaultCoverage, 'answeredFromSlot'>,
    number
  >;
  for (const event of history) {
    const counted = event.kind === 'fault' ? COUNTED[event.fault] : undefined;
    if (event.kind !== 'fault' || counted === undefined) continue;
    const begun = event.phase === 'begin' ? event.targets.length : 0;
    counts[counted.as] += counted.by === 'begin' ? begun : saidAtItsEnd(event);
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
