import t from 'tap';
import { COVERAGE_NAMES } from '../../../src/check/coverage.ts';
import { judge } from '../../../src/check/judge.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const whole = () => {
  const story = recovered()
    .write(1540, 'alice', 'a1', '')
    .lock(1020, 'bob', {}, 'GRACE')
    .lock(1550, 'bob', {}, 'GRACE');
  story.lock(2000, 'alice', { file: 'p1' }).unlock(2010, 'alice', { file: 'p1' });
  story.lock(2000, 'bob', { file: 'p2' }).unlock(2010, 'bob', { file: 'p2' });
  return story.audit(2990, true, {}, 'alice').content(2995, 'a1').end(3000);
};
const options = { scenario: 'reboot', seed: 7 };

t.test('a whole run is valid, and every check judged something', async (t) => {
  const verdict = judge(whole().history, options);
  t.same(verdict.reasons, []);
  t.equal(verdict.verdict, 'valid');
  t.ok(verdict.checks.every(({ judged }) => judged > 0));
});

t.test('one violation makes a violation, required or not', async (t) => {
  const verdict = judge(whole().lock(1010, 'bob').unlock(1015, 'bob').history, {
    ...options,
    require: ['recovers'],
  });
  t.equal(verdict.verdict, 'violation');
  t.match(verdict.reasons[0], /^no-theft: Theft/);
});

t.test('an unknown check that is required makes unknown, others do not', async (t) => {
  const history = recovered().end(3000).history;
  t.equal(judge(history, options).verdict, 'unknown');
  t.equal(judge(history, { ...options, require: ['bounded-grace', 'reclaim-authority'] }).verdict, 'valid');
  t.equal(
    judge(history, { ...options, require: ['bounded-gr'] }).verdict,
    'unknown',
    'nor does a check that is not there',
  );
});

t.test('expected coverage that was not reached makes unknown', async (t) => {
  const verdict = judge(whole().history, { ...options, expectCoverage: { 'overlapping-reboots': 1 } });
  t.equal(verdict.verdict, 'unknown');
  t.match(verdict.reasons[0], /overlapping-reboots 0 times, where 1/);
});

t.test('a run that fell short is not valid', async (t) => {
  t.equal(judge(whole().history, { ...options, shortcomings: ['Step 3 failed.'] }).verdict, 'unknown');
});

t.test('a history that contradicts itself is unknown, never valid', async (t) => {
  const history = whole().history.filter(
    (event) => !(event.kind === 'op' && event.phase === 'invoke' && event.id === 2),
  );
  const verdict = judge(history, options);
  t.equal(verdict.verdict, 'unknown');
  t.match(verdict.checks[0]?.evidence[0]?.sentence, /Could not be judged: alice got a reply to request 2/);
  const bounded = verdict.checks.find(({ name }) => name === 'bounded-grace');
  t.equal(bounded?.verdict, 'valid', 'checks that do not look at requests go on');
});

t.test('what comes after the end of the run is the lab being taken down', async (t) => {
  const history = whole().says(3100, 'n1', 'exited').audit(3200, false).lock(3300, 'bob').history;
  t.same(judge(history, options), judge(whole().history, options));
});

t.test('an empty history is unknown', async (t) => {
  t.equal(judge([], options).verdict, 'unknown');
});

t.test('coverage counts what was reached', async (t) => {
  const { coverage } = judge(whole().history, options);
  t.match(coverage, {
    fault: 1,
    'power-cut': 1,
    grace: 1,
    barrier: 2,
    reclaim: 1,
    'reclaim-after-power-cut': 1,
    'refused-in-grace': 2,
    'granted-after-lift': 2,
    'thief-attempts': 1,
    'guarded-writes': 1,
    'overlapping-reboots': 0,
    'reboot-during-recovery': 0,
    'survivor-lock-kept-in-grace': 0,
  });
  t.same(Object.keys(coverage), COVERAGE_NAMES);
  const survivor = judge(whole().lock(900, 'bob', { file: 's' }).history, options);
  t.equal(survivor.coverage['survivor-lock-kept-in-grace'], 1);
});

t.test('coverage knows overlapping reboots, and reboots during recovery', async (t) => {
  const overlap = powerCut().fault(1100, 'begin', 'kill', 'n2').end(1200);
  t.match(judge(overlap.history, options).coverage, {
    'overlapping-reboots': 1,
    'reboot-during-recovery': 0,
    kill: 1,
  });
  const again = rebooted().fault(1550, 'begin', 'power-cut', 'n1').end(1600);
  t.match(judge(again.history, options).coverage, { 'overlapping-reboots': 0, 'reboot-during-recovery': 1 });
  const apart = recovered().fault(5000, 'begin', 'power-cut', 'n2').end(5100);
  t.match(judge(apart.history, options).coverage, { 'overlapping-reboots': 0, 'reboot-during-recovery': 0 });
  const restart = Story.quiet().fault(100, 'begin', 'restart', 'n1').end(200);
  t.match(judge(restart.history, options).coverage, { 'planned-restart': 1 });
});

t.test('timings are taken from the death on', async (t) => {
  const { timings } = judge(whole().history, options);
  t.match(timings, { runMs: 3000, detectionMs: 50.2, barrierMs: 51.2, graceMs: 600.2, blackoutMs: 980 });
});
