import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

t.test(
  'the packed package: another project imports gracelab/core and gracelab/check from it and runs the examples',
  async (t) => {
    const project = t.testdir({ 'package.json': JSON.stringify({ type: 'module' }) });
    // A checkout of its own, so that nothing that is built here is in the way of whoever works in this one.
    const checkout = join(project, 'checkout');
    mkdirSync(checkout);
    for (const name of readdirSync(ROOT))
      if (!['node_modules', 'runs', 'dist', '.git', '.tap'].includes(name))
        cpSync(join(ROOT, name), join(checkout, name), {
          recursive: true,
          filter: (source) => !source.includes('tap-testdir'),
        });
    execFileSync('ln', ['-s', join(ROOT, 'node_modules'), join(checkout, 'node_modules')]);
    execFileSync(process.execPath, [join(checkout, 'src/bootstrap/build.ts')], { cwd: checkout });
    const tarball = execFileSync('npm', ['pack', '--ignore-scripts', '--silent'], {
      cwd: checkout,
      encoding: 'utf8',
    }).trim();
    const installed = join(project, 'node_modules', 'gracelab');
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(checkout, tarball), '-C', installed, '--strip-components=1']);
    cpSync(join(ROOT, 'docs/examples/embedding.ts'), join(project, 'embedding.ts'));
    const output = execFileSync(process.execPath, [join(project, 'embedding.ts')], { encoding: 'utf8' });
    t.match(output, 'alice reclaims "ledger" at n1: granted');
    t.match(output, 'mallory asks n2 again: denied');
    cpSync(join(ROOT, 'docs/examples/checking.ts'), join(project, 'checking.ts'));
    const judged = spawnSync(process.execPath, [join(project, 'checking.ts')], { encoding: 'utf8' });
    t.match(judged.stdout, /no-theft: violation/);
    t.equal(judged.status, 1, judged.stderr);
  },
);
