import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { COVERAGE_NAMES } from '../../../src/check/coverage.ts';
import { answeredFromSlot, FAULT_COVERAGE, faultCoverage } from '../../../src/check/coverage-of-faults.ts';
import { FAULTS } from '../../../src/faults/registry.ts';
import type { FaultEvent, NodeEvent } from '../../../src/history/events.ts';

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

t.test('a LOCK whose reply was lost is given once, however often it was asked for', async (t) => {
  const span = { start: 0, end: 32 };
  const lock = { client: 'alice', owner: 'alice', node: 'n1', op: 'lock', file: 'f', span } as const;
  const grant = (at: number) => ({ ...lock, kind: 'node', t: at, incarnation: 1, event: 'grant' }) as const;
  const lost = { ...fault('drop-message', 'begin', 'drop the reply to LOCK 1 of 10.77.1.1'), t: 20 };
  const asked = [
    { ...lock, kind: 'op', t: 5, id: 1, phase: 'invoke', mode: 'write' },
    { ...lock, kind: 'op', t: 40, id: 1, phase: 'ok', mode: 'write' },
  ] as const;
  const count = (...grants: NodeEvent[]) => {
    const history = [asked[0], ...grants, lost, asked[1]].toSorted((a, b) => a.t - b.t);
    return answeredFromSlot(new CheckContext(history));
  };
  t.equal(count(grant(10)), 1);
  t.equal(count(grant(10), grant(30)), 0, 'it was done twice');
  t.equal(count(), 0, 'nobody says that it was done');
});
