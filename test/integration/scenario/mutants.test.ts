import t from 'tap';
import type { CheckResult } from '../../../src/check/verdict.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { gracelab, temporaryDirectory } from '../cli/gracelab.ts';
import { noDevice } from '../gate/fixtures/mounted.ts';

/** Which scenario shows a mutant, and what each of its broken checks must say. */
const CAUGHT: readonly [MutantId, scenario: string, proofs: Readonly<Record<string, RegExp>>][] = [
  ['D7', 'ledger-trouble', { 'no-theft': /^(Theft|Chance refused): alice .* n1 died \(power-cut/ }],
  ['D9', 'record-timing', { 'reclaim-authority': /^Reclaim without authority: alice/ }],
  ['D10', 'overstepping', { 'reclaim-authority': /^Reclaim after RECLAIM_COMPLETE: mallory/ }],
  ['D11', 'barrier', { 'reclaim-authority': /^Reclaim at the wrong time: alice .* barrier was not reached/ }],
  ['D12', 'reboot', { 'no-theft': /^Theft: alice .* n1 died \(power-cut/ }],
  ['D12', 'lost-update', { 'no-theft': /^Theft: alice/, 'guarded-data': /^Lost update: "alice\/2"/ }],
  ['D12', 'overlap', { 'no-theft': /^Theft: (alice|bob) .* n[12] died \(power-cut/ }],
  ['D12', 'reboot-twice', { 'no-theft': /^Theft: alice .* n1 died \(power-cut/ }],
  ['D12', 'ledger-lost', { 'no-theft': /^Theft: alice .* n1 died \(it gave up/ }],
  ['D12', 'failover', { 'no-theft': /^Theft: alice .* n1 died \(power-cut/ }],
  ['D12', 'two-domains', { 'no-theft': /^In domain work: Theft: carol .* n3 died \(power-cut/ }],
  ['M24', 'two-domains', { 'bounded-grace': /^In domain home: Grace where there is none: alice / }],
  ['D13', 'overstepping', { 'bounded-grace': /^Grace without a bound: the time to reclaim/ }],
  ['D14', 'reboot', { 'grace-enforcement': /^New state in grace: alice .* at n1/ }],
  ['D17', 'overstepping', { 'grace-enforcement': /^New state before RECLAIM_COMPLETE: (eve|mallory)/ }],
  [
    'D18',
    'abandoned',
    {
      'reclaim-authority': /^Reclaim without authority: alice .* chance was given up/,
      'guarded-data': /^Lost update: "alice\/2"/,
    },
  ],
  ['M8', 'slow-migration', { 'no-theft': /^Theft: alice .* n1 let it go .handed to n2/ }],
  ['M12', 'between-nodes', { 'guarded-data': /^Lost update/ }],
  ['M13', 'planned-restart', { 'no-theft': /^Theft: alice .* n1 died \(restart/ }],
  ['M13', 'all-at-once', { 'no-theft': /^Theft: (alice|bob) / }],
  ['D12', 'migration', { 'no-theft': /^Theft: alice .* n2, which answered there, died \(power-cut/ }],
  ['M21', 'migration', { 'no-theft': /^(Theft|Chance refused): alice .* n1 let it go .handed to n2/ }],
  ['M14', 'impostor', { 'grace-enforcement': /^Two lives of n1 at once: incarnation 2 booted/ }],
  ['M15', 'crash-at-expiry', { 'reclaim-authority': /^Reclaim of a lock that was lost before: alice/ }],
  [
    'M16',
    'lost-replies',
    {
      exclusion: /^Two owners at once: alice .* bob/,
      'reclaim-authority': /^Reclaim of a lock that was lost before: alice/,
      'no-silent-loss': /^Silent loss: alice/,
    },
  ],
  [
    'M16',
    'client-lives',
    { exclusion: /^Two owners at once: alice .* bob/, 'no-silent-loss': /^Silent loss: alice/ },
  ],
  [
    'M23',
    'gate',
    {
      'no-theft': /^Theft: alice .* n1 died \(power-cut.* at n3/,
      'grace-enforcement': /^New state in grace: (backup|editor)/,
      'local-locks': /^A local program was not held back: (backup|editor)/,
    },
  ],
  ['D16', 'beacon-order', { 'no-theft': /^Theft: alice .*-1\d{3}\)/ }],
];

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

for (const [mutant, scenario, proofs] of CAUGHT) {
  const skip = scenario === 'gate' && (noDevice() ?? false);
  t.test(`mutant ${mutant} makes ${scenario} a violation, with the proof`, { skip }, async (t) => {
    const out = temporaryDirectory(t);
    const argv = ['run', scenario, '--mutant', mutant, '--seed', '1', '--out', out, '--json'];
    const { status, stdout } = await gracelab(argv);
    t.equal(status, 1);
    const { verdict, scenarios } = JSON.parse(stdout);
    t.equal(verdict, 'violation');
    const checks: readonly CheckResult[] = scenarios[0].verdict.checks;
    const broken = checks.filter((check) => check.verdict === 'violation');
    t.strictSame(broken.map(({ name }) => name).sort(), Object.keys(proofs).sort());
    for (const { name, evidence } of broken) {
      t.match(evidence[0]?.sentence, proofs[name], name);
      t.ok((evidence[0]?.events.length ?? 0) >= 2, `${name} names the events that prove it`);
    }
  });
}

t.test('a mutant is for run alone', async (t) => {
  t.match(await gracelab(['up', '--mutant', 'D12']), { status: 64, stdout: '' });
});
