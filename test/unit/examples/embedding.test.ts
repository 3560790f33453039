import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const EXAMPLE = fileURLToPath(new URL('../../../docs/examples/embedding.ts', import.meta.url));

t.test('the example of docs/embedding.md: a thief gets nothing, the owner gets its lock back', async (t) => {
  const output = execFileSync(process.execPath, ['--conditions=gracelab-source', EXAMPLE], {
    encoding: 'utf8',
  });
  const lines = output.trim().split('\n');
  const answers = lines.flatMap((line) => /^(?!\s).*: (.+)$/.exec(line)?.[1] ?? []);
  t.same(answers, ['granted', 'grace', 'grace', 'no-grace', 'granted', 'denied', 'granted', 'nothing to do']);
  t.equal(lines.filter((line) => line.includes('report-death')).length, 1);
  t.equal(lines.filter((line) => line.includes('(quiet)')).length, 2, 'two graces, two lifts');
});
