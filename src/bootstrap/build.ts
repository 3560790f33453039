/**
 * Compiles src/ into dist/ for the npm package: Node strips types from sources of a checkout, but refuses
 * to do so for files under node_modules.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const SRC = path.join(ROOT, 'src');
const DIST = path.join(ROOT, 'dist');
const TSC = path.join(ROOT, 'node_modules', '.bin', 'tsc');

/** Programs that are started by path; the compiler renames imports but not these. */
const PROGRAM_URL = /new URL\(('|")(\.{1,2}\/[^'"]+)\.ts\1, import\.meta\.url\)/g;

rmSync(DIST, { recursive: true, force: true });
const compiled = spawnSync(TSC, ['-p', path.join(ROOT, 'tsconfig.build.json')], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

for (const name of globSync('**/*.js', { cwd: DIST })) {
  const file = path.join(DIST, name);
  const text = readFileSync(file, 'utf8');
  const renamed = text.replaceAll(PROGRAM_URL, 'new URL($1$2.js$1, import.meta.url)');
  if (renamed !== text) writeFileSync(file, renamed);
}

// What programs read while they run: pages of the report, for example.
for (const name of globSync('**/*.{css,html,js,svg}', { cwd: SRC }))
  cpSync(path.join(SRC, name), path.join(DIST, name));
