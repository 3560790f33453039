import t from 'tap';
import { COVERAGE_NAMES } from '../../../src/check/coverage.ts';
import { FAULT_COVERAGE, faultCoverage } from '../../../src/check/coverage-of-faults.ts';
import { FAULTS } from '../../../src/faults/registry.ts';
import type { FaultEvent } from '../../../src/history/events.ts';

const fault = (name: string, phase: 'begin' | 'end', detail?: string): FaultEvent => ({
  kind: 'fault',
  t: 1,
  phase,
  fault: name,
  targets: ['n1'],
  ...(detail !== undefined && { detail }),
});

t.test('what began counts once; what was lost and reset counts by what is said at the end', async (t) => {
  const counts = faultCoverage([
    fault('crash', 'begin'),
    fault('crash', 'end'),
    fault('drop-message', 'begin', 'drop the reply to LOCK 1 of 10.77.1.1'),
    fault('delay-message', 'begin'),
    fault('loss', 'begin', '0.3 of the frames'),
    fault('loss', 'end', '12 frames lost'),
    fault('loss', 'end', '0 frames lost'),
    fault('reset', 'end', '3 segments answered'),
    fault('power-cut', 'begin'),
  ]);
  t.match(counts, { crashedAtStep: 1, relayedMessages: 2, framesLost: 12, segmentsReset: 3, slowBoots: 0 });
});

t.test('each fault that has no counter of its own elsewhere has one here', async (t) => {
  t.ok(Object.keys(FAULT_COVERAGE).every((name) => (COVERAGE_NAMES as readonly string[]).includes(name)));
  const elsewhere = new Set(['power-cut', 'kill', 'restart', 'pause', 'partition']);
  for (const name of FAULTS.keys()) {
    if (elsewhere.has(name)) continue;
    const counts = faultCoverage([fault(name, 'begin'), fault(name, 'end', '1 of them')]);
    t.equal(
      Object.values(counts).reduce((sum, count) => sum + count, 0),
      1,
      name,
    );
  }
});
