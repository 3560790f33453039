import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import t, { type Test } from 'tap';
import { Parser } from 'tap-parser';
import { nearPath } from '../../../src/cli/verdicts.ts';
import type { History } from '../../../src/history/events.ts';
import { powerCut, recovered } from '../check/fixtures/reboot.ts';
import { gracelab } from './capture.ts';

/** A run folder as a run leaves it, as far as commands read it. */
function storedRun(t: Test, history: History): string {
  const topology = {
    scenario: {
      name: 'reboot',
      cluster: { nodes: ['n1', 'n2'], leaseMs: 1000, graceMs: 2000, fenceAfterMs: null, domains: [] },
      expect: { checks: ['no-theft'], coverage: {} },
    },
    seed: 7,
    runtime: 'namespace',
    server: 'gracelab',
    filesystem: 'tmpfs',
  };
  return t.testdir({
    'topology.json': JSON.stringify(topology),
    'history.jsonl': history.map((event) => `${JSON.stringify(event)}\n`).join(''),
    'verdict.json': JSON.stringify({ timings: { bootMs: 321 } }),
  });
}
const theft = () => powerCut().lock(1010, 'bob').death(1050, 'n1', 'n2').end(3000).history;

t.test('check --tap prints TAP and nothing else, beside the files that were asked for', async (t) => {
  const folder = storedRun(t, theft());
  const [junit, markdown] = [path.join(folder, 'junit.xml'), path.join(folder, 'summary.md')];
  const { status, stdout, stderr } = await gracelab([
    ...['check', folder, '--tap', '--junit', junit, '--markdown', markdown],
  ]);
  t.strictSame([status, stderr], [1, '']);
  const extra: string[] = [];
  const parser = new Parser({ strict: true });
  parser.on('extra', (line: string) => extra.push(line));
  parser.end(stdout);
  t.match(parser.results, { ok: false, count: 1, fail: 1, bailout: false });
  t.strictSame(extra, []);
  const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });
  t.match(xml.parse(readFileSync(junit, 'utf8')).testsuites, {
    failures: '1',
    testsuite: { name: 'reboot' },
  });
  t.match(readFileSync(markdown, 'utf8'), /^## Gracelab: 1 violation\n/);
});

t.test('check says on the terminal what each node knew', async (t) => {
  const { status, stdout } = await gracelab(['check', storedRun(t, theft())]);
  t.equal(status, 1);
  t.match(stdout, /no-theft +violation +1\n +Theft: alice .*\n[\s\S]*Known at 1\.011 s/);
  t.match(stdout, /boot 321 ms/, 'what the lab had measured is not lost');
});

t.test('report draws a stored run again, into its folder or to another place', async (t) => {
  const folder = storedRun(t, recovered().end(3000).history);
  const drawn = path.join(folder, 'report.html');
  t.match(await gracelab(['report', folder]), { status: 0, stdout: `${drawn}\n`, stderr: '' });
  t.match(readFileSync(drawn, 'utf8'), /<title>reboot: valid<\/title>/);
  const other = path.join(folder, 'other.html');
  writeFileSync(drawn, 'old');
  t.match(await gracelab(['report', folder, '--out', other]), { status: 0, stdout: `${other}\n` });
  t.equal(readFileSync(drawn, 'utf8'), 'old');
});

/** A history that some other harness has written down, by this name. */
function foreignHistory(t: Test, name: string): string {
  const lines = theft().map((event) => `${JSON.stringify(event)}\n`);
  return path.join(t.testdir({ [name]: lines.join('') }), name);
}

t.test('a history with no run around it is judged by what it says itself', async (t) => {
  const file = foreignHistory(t, 'theirs.jsonl');
  const { status, stdout, stderr } = await gracelab(['check', file, '--require', 'no-theft']);
  t.strictSame([status, stderr], [1, '']);
  t.match(stdout, /^theirs: VIOLATION\n/, 'nobody knows how it was run');
  t.match(stdout, /no-theft +violation +1\n +Theft: alice .*\n[\s\S]*\n {2}history: .*theirs\.jsonl\n$/);
});

t.test('what such a history was to show says --require, and all without it', async (t) => {
  const lock = {
    kind: 'op',
    id: 1,
    client: 'a',
    owner: 'a',
    node: 'n1',
    op: 'lock',
    file: 'f',
    mode: 'write',
  };
  const request = { ...lock, span: { start: 0, end: 9 } };
  const events = [
    { kind: 'run', t: 0, event: 'start', cluster: { nodes: ['n1'], leaseMs: 1000, graceMs: 2000 } },
    { ...request, t: 1, phase: 'invoke' },
    { ...request, t: 2, phase: 'ok' },
    { ...request, t: 3, phase: 'invoke', id: 2, op: 'unlock' },
    { ...request, t: 4, phase: 'ok', id: 2, op: 'unlock' },
  ];
  const folder = t.testdir({ 'history.jsonl': events.map((event) => `${JSON.stringify(event)}\n`).join('') });
  t.equal((await gracelab(['check', folder, '--require', 'exclusion'])).status, 0);
  t.match(await gracelab(['check', folder]), { status: 2, stdout: /why unknown: no-theft is unknown/ });
  const unheardOf = await gracelab(['check', folder, '--require', 'exclusion,luck']);
  t.match(unheardOf, { status: 64, stderr: /There is no check "luck"; there are exclusion, / });
});

t.test('its picture lies beside it', async (t) => {
  const file = foreignHistory(t, 'theirs.jsonl');
  const drawn = file.replace('.jsonl', '.html');
  t.match(await gracelab(['report', file]), { status: 0, stdout: `${drawn}\n`, stderr: '' });
  t.match(readFileSync(drawn, 'utf8'), /<title>theirs: violation<\/title>/);
});

t.test('what cannot be written is one sentence', async (t) => {
  const folder = storedRun(t, theft());
  const nowhere = path.join(folder, 'none', 'x');
  const directory = await gracelab(['run', 'reboot', '--junit', folder]);
  t.match(directory, { status: 64, stdout: '', stderr: /: it is a directory\.\n$/ }, 'before anything runs');
  const stderr = /x cannot be written: there is no such place\.\n$/;
  t.match(await gracelab(['check', folder, '--junit', nowhere]), { status: 64, stdout: '', stderr });
  t.match(await gracelab(['report', folder, '--out', nowhere]), { status: 64, stdout: '', stderr });
});

t.test('a folder is told as one would type it', async (t) => {
  t.equal(nearPath('/a/runs/x', '/a'), 'runs/x');
  t.equal(nearPath('/b/x', '/a'), '/b/x');
  t.equal(nearPath('/a', '/a'), '.');
  const folder = storedRun(t, theft());
  const markdown = path.join(folder, 'summary.md');
  await gracelab(['check', folder, '--markdown', markdown, '--tap']);
  t.match(readFileSync(markdown, 'utf8'), `\`${path.relative('/', folder)}/report.html\``);
});

t.test('stdout has room for one result', async (t) => {
  for (const command of [['check'], ['run', 'reboot'], ['simulate']]) {
    const stderr = /one of --json and --tap/;
    t.match(await gracelab([...command, '--json', '--tap']), { status: 64, stdout: '', stderr });
  }
});

/** A lock, and an expectation that nothing here meets. */
const NOTHING_HAPPENS = `
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

t.test('simulate tells other programs of every history', { timeout: 300_000 }, async (t) => {
  const folder = t.testdir({ 'calm.yaml': NOTHING_HAPPENS });
  const [file, out, junit, markdown] = ['calm.yaml', 'runs', 'junit.xml', 'summary.md'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  const files = ['--out', out, '--junit', junit, '--markdown', markdown];
  const { status, stdout } = await gracelab([
    'simulate',
    file,
    '--seed',
    '7',
    '--seeds',
    '2',
    '--tap',
    ...files,
  ]);
  t.equal(status, 2);
  const parser = new Parser({ strict: true });
  const extra: string[] = [];
  parser.on('extra', (line: string) => extra.push(line));
  parser.end(stdout);
  t.match(parser.results, { ok: false, count: 2, fail: 2, bailout: false });
  t.strictSame(extra, []);
  const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(
    readFileSync(junit, 'utf8'),
  );
  const names = testsuites.testsuite.map(({ name }: { readonly name: string }) => name);
  t.strictSame(names, ['nothing-happens (seed 7)', 'nothing-happens (seed 8)']);
  t.match(readFileSync(markdown, 'utf8'), /^## Gracelab: 2 unknown\n/);
});

t.test('a history that left a folder is told of with it', { timeout: 300_000 }, async (t) => {
  const folder = t.testdir({ 'calm.yaml': NOTHING_HAPPENS });
  const markdown = path.join(folder, 'summary.md');
  const files = ['--out', path.join(folder, 'runs'), '--markdown', markdown];
  const { status, stdout } = await gracelab([
    'simulate',
    path.join(folder, 'calm.yaml'),
    '--seed',
    '7',
    ...files,
  ]);
  t.equal(status, 2);
  t.match(stdout, /^1 history: 0 valid, 1 unknown;/m, 'the tables are there as ever');
  t.match(readFileSync(markdown, 'utf8'), /the picture is `[^`]*runs\/nothing-happens\/[^`]*\/report.html`/);
});

t.test('what was found counts, though a file that was asked for cannot be written in the end', async (t) => {
  for (const [history, status] of [
    [theft(), 1],
    [recovered().end(3000).history, 3],
  ] as const) {
    const folder = storedRun(t, history);
    const told = await gracelab([
      'check',
      folder,
      '--junit',
      '/dev/full',
      '--markdown',
      path.join(folder, 'm.md'),
    ]);
    t.equal(told.status, status);
    t.match(told.stderr, /^gracelab: \/dev\/full cannot be written: .*\.\n$/);
    t.match(told.stdout, /no-theft/);
    t.match(readFileSync(path.join(folder, 'm.md'), 'utf8'), /^## Gracelab/);
  }
});
