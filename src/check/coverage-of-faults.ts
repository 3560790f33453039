/** How often a fault really had its effect, where that is more than that it was injected; names as in coverage.ts. */
import type { FaultEvent, History } from '../history/events.ts';

export const FAULT_COVERAGE = {
  crashedAtStep: 'nodes that died at a named step of the protocol',
  slowBoots: 'boots that stood still half-way',
  stormyLives: 'lives that ended in a reboot storm',
  skewedClocks: 'lives begun with a clock that is ahead of the others',
  clientsLost: 'clients that crashed, or were restarted, with all that they believed in',
  relayedMessages:
    'requests and replies that a relay dropped, delayed, doubled, reordered, or ended a connection for',
  framesLost: 'frames lost at random',
  segmentsReset: 'TCP segments answered with a reset',
  ledgerTroubles: 'stretches in which a ledger was slow, gone or full',
  storageTroubles: "boots with a node's own storage empty or read-only",
} as const;

export type FaultCoverage = keyof typeof FAULT_COVERAGE;

/** By the name of the fault: what counts, and which of its events. */
const COUNTED: Readonly<Record<string, { readonly as: FaultCoverage; readonly by: 'begin' | 'detail' }>> = {
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

export function faultCoverage(history: History): Record<FaultCoverage, number> {
  const counts = Object.fromEntries(Object.keys(FAULT_COVERAGE).map((name) => [name, 0])) as Record<
    FaultCoverage,
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
