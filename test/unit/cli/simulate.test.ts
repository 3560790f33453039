import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import t, { type Test } from 'tap';

/** A history of one of these takes a tenth of a second; a machine that has other things to do may need a while. */
t.setTimeout(300_000);

const GRACELAB = new URL('../../../src/cli/main.ts', import.meta.url).pathname;
const HISTORIES = 100_000;

/** A lock, and an expectation that nothing here meets: each history is unknown, and told in a line. */
const UNKNOWN = `
name: nothing-happens
title: A lock that nobody disturbs
about: It reaches nothing.
cluster: { nodes: 1 }
clients: { alice: n1 }
steps:
  - lock: alice accounts 0..32
expect:
  coverage: { reclaim-after-power-cut: 1 }
`;

/** Interrupts the command when it has told of a first history. */
async function interrupted(t: Test, ...words: readonly string[]) {
  const dir = t.testdir({ 'unknown.yaml': UNKNOWN });
  const options = ['--seeds', String(HISTORIES), '--jobs', '2', '--out', path.join(dir, 'runs')];
  const child = spawn(process.execPath, [GRACELAB, 'simulate', ...words, ...options], { cwd: dir });
  t.teardown(() => child.kill('SIGKILL'));
  let told = '';
  child.stdout.on('data', (text) => {
    if (told === '') child.kill('SIGINT');
    told += text;
  });
  const [status] = await once(child, 'close');
  return { status, lines: told.trimEnd().split('\n') };
}

t.test('Ctrl-C: what is known by then is told, and nothing is left running', async (t) => {
  const { status, lines } = await interrupted(t, 'unknown.yaml');
  t.match(lines[0], /^seed 1 of nothing-happens: unknown: /);
  const [, histories] =
    /^interrupted after (\d+) of 100,000 histories: 0 valid, \d+ unknown; /.exec(lines.at(-1)!) ?? [];
  const told = lines.filter((line) => line.startsWith('seed '));
  t.equal(Number(histories), told.length, 'as many as were told of');
  const [, next, left] = /; the rest: --seed (\d+) --seeds (\d+)$/.exec(lines.at(-1)!) ?? [];
  t.equal(Number(next) + Number(left), HISTORIES + 1, 'and how to go on');
  t.equal(
    lines.some((line) => line.startsWith(`seed ${next} `)),
    false,
    'with the first that was not told of',
  );
  t.equal(status, 130);
});

t.test('Ctrl-C after a violation: it is one still', async (t) => {
  const { status, lines } = await interrupted(t, 'reboot', '--mutant', 'D14', '--all');
  t.match(lines.at(-1), /^interrupted after \d+ of 100,000 histories: 0 valid, \d+ violation; /);
  t.equal(status, 1);
});

t.test(
  'every mutant in turn: which history shows it, by which check, and status 1 for one that none does',
  async (t) => {
    const options = ['--every-mutant', '--mutant', 'D14', '--mutant', 'D15', '--seeds', '1', '--json'];
    const child = spawn(process.execPath, [GRACELAB, 'simulate', 'reboot', ...options], { cwd: t.testdir() });
    t.teardown(() => child.kill('SIGKILL'));
    let told = '';
    child.stdout.on('data', (text) => {
      told += text;
    });
    const [status] = await once(child, 'close');
    const { hunts } = JSON.parse(told) as {
      hunts: { mutant: string; seed: number | null; histories: number }[];
    };
    t.match(
      hunts.find(({ mutant }) => mutant === 'D14'),
      { seed: 1, histories: 1, violations: ['grace-enforcement'] },
    );
    t.match(
      hunts.find(({ mutant }) => mutant === 'D15'),
      { seed: null, histories: 1, violations: [] },
    );
    t.equal(status, 1);
  },
);

async function simulated(t: Test, ...words: readonly string[]) {
  const child = spawn(process.execPath, [GRACELAB, 'simulate', ...words], { cwd: t.testdir({ file: '' }) });
  t.teardown(() => child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    said.stdout += text;
  });
  child.stderr.on('data', (text) => {
    said.stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, ...said };
}

t.test('what nobody has simulated is refused before anything begins', async (t) => {
  const { status, stdout, stderr } = await simulated(t, 'reboot', 'impostor');
  t.equal(status, 3);
  t.match(stderr, /^gracelab: "impostor: n1" in the scenario impostor needs .*: second-process /);
  t.equal(stdout, '');
});

t.test('a violation that no folder can be left of is told all the same, as one', async (t) => {
  const options = ['--seed', '1', '--tries', '0', '--out', 'file'];
  const broken = await simulated(t, 'reboot', '--mutant', 'D14', ...options);
  t.equal(broken.status, 1);
  t.match(broken.stderr, /^gracelab: cannot write .*: a file stands in its way; /);
  t.match(broken.stdout, /^1 history: 0 valid, 1 violation; /m);
  const sound = await simulated(t, 'reboot', ...options);
  t.equal(sound.status, 3, 'one that is valid, and was asked for with its folder, is not what was asked for');
  t.match(sound.stdout, /^1 history: 1 valid; /m);
});
