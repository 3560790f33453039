import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { largeHistory } from '../../../src/bench/check/large-history.ts';

const EXAMPLE = fileURLToPath(new URL('../../../docs/examples/checking.ts', import.meta.url));

const run = (...argv: readonly string[]) =>
  spawnSync(process.execPath, ['--conditions=gracelab-source', EXAMPLE, ...argv], { encoding: 'utf8' });

t.test('the example of docs/checkers.md: the theft is found, and told in words', async (t) => {
  const { status, stdout } = run();
  t.equal(status, 1);
  t.match(stdout, /^no-theft: violation \(\d+ judged\)\n {2}Theft: alice .*accounts.*thief/m);
  t.match(stdout, /^verdict: violation$/m);
});

t.test('a file of somebody else', async (t) => {
  const shape = { operations: 500, nodes: 3, clients: 6, files: 3, reboots: 2, seed: 5 };
  const good = largeHistory(shape).map((event) => `${JSON.stringify(event)}\n`);
  const directory = t.testdir({});
  const file = join(directory, 'history.jsonl');
  writeFileSync(file, good.join(''));
  const { status, stdout } = run(file);
  t.equal(status, 0, stdout);
  t.match(stdout, /^exclusion: valid \(\d{2,} judged\)$/m);
});
