import { access, chmod, lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { RunFolder, RunFolderError } from '../../../src/scenario/run-folder.ts';

const NOBODY = 65534;

t.test('latest points at the newest run, and runs of one moment keep apart', async (t) => {
  const out = join(t.testdir(), 'deep', 'runs');
  const first = await RunFolder.create(out, 'reboot', 'T1');
  await first.write('verdict.json', '1');
  await first.becomeLatest();
  const second = await RunFolder.create(out, 'reboot', 'T1');
  await second.write('verdict.json', '2');
  await second.becomeLatest();
  t.equal(first.path, join(out, 'reboot', 'T1'));
  t.equal(second.path, join(out, 'reboot', 'T1-2'));
  t.equal(await readlink(join(out, 'latest')), 'reboot/T1-2');
  t.equal(await readFile(join(out, 'latest', 'verdict.json'), 'utf8'), '2');
  t.strictSame((await readdir(out)).sort(), ['latest', 'reboot'], 'nothing of the swap stays');
});

t.test('a folder that is removed takes along what was made for it, and nothing else', async (t) => {
  const base = t.testdir({ runs: { other: {} } });
  const kept = await RunFolder.create(join(base, 'runs'), 'reboot', 'T1');
  await kept.remove();
  t.strictSame(await readdir(join(base, 'runs')), ['other']);
  const fresh = await RunFolder.create(join(base, 'a', 'b'), 'reboot', 'T1');
  await fresh.write('history.jsonl', 'x');
  await fresh.remove();
  await t.rejects(access(join(base, 'a')));
});

t.test('a folder that is removed while it is written to does not come back', async (t) => {
  const out = join(t.testdir(), 'runs');
  const folder = await RunFolder.create(out, 'reboot', 'T1');
  const written = Promise.allSettled([
    folder.write('report.html', 'x'.repeat(1_000_000)),
    folder.becomeLatest(),
  ]);
  await folder.remove();
  await written;
  await t.rejects(folder.write('verdict.json', 'late'), RunFolderError);
  await t.rejects(folder.becomeLatest(), RunFolderError);
  await t.rejects(lstat(join(out, 'latest')), 'latest does not point at what is gone');
  await t.rejects(access(join(out, 'reboot')));
});

t.test('runs that end at the same moment do not disturb each other', async (t) => {
  const out = join(t.testdir(), 'runs');
  const folders = [];
  for (let run = 0; run < 8; run++) folders.push(await RunFolder.create(out, 'reboot', 'T1'));
  await Promise.all(folders.map((folder) => folder.becomeLatest()));
  t.strictSame((await readdir(out)).sort(), ['latest', 'reboot']);
});

t.test('a file in the way is told in one sentence, and nothing is left', async (t) => {
  const base = t.testdir({ runs: 'I am a file' });
  const made = RunFolder.create(join(base, 'runs'), 'reboot', 'T1');
  await t.rejects(made, {
    name: 'RunFolderError',
    message: /^cannot write .*runs\/reboot: .* stands in its way; choose another place with --out$/,
  });
  t.ok((await lstat(join(base, 'runs'))).isFile());
});

t.test('a folder without permission is told in one sentence', async (t) => {
  const base = t.testdir({ runs: {} });
  await chmod(join(base, 'runs'), 0o500);
  // Root may write everywhere, so it is somebody else for a moment.
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(NOBODY);
  try {
    await t.rejects(RunFolder.create(join(base, 'runs'), 'reboot', 'T1'), RunFolderError);
  } finally {
    if (root) process.seteuid?.(0);
    await chmod(join(base, 'runs'), 0o700);
  }
});

t.test('a place that holds no directories is told in one sentence', async (t) => {
  await t.rejects(RunFolder.create('/proc/nowhere', 'reboot', 'T1'), {
    message: /^cannot write \/proc\/nowhere\/reboot: .*; choose another place with --out$/,
  });
});
