import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { alone, npmComplaint, packagesAreInstalled } from '../../../src/bootstrap/node-packages.cjs';

type Packages = Record<string, { version: string; optional?: boolean }>;

/** A checkout with this lock file, whose node_modules npm says to hold `installed`. */
function checkout(t: Test, locked: Packages, installed: Packages | null): string {
  const root = t.testdir({ 'package-lock.json': JSON.stringify({ packages: { '': {}, ...locked } }) });
  if (installed === null) return root;
  mkdirSync(path.join(root, 'node_modules', 'node', 'bin'), { recursive: true });
  writeFileSync(path.join(root, 'node_modules', 'node', 'bin', 'node'), '');
  writeFileSync(
    path.join(root, 'node_modules', '.package-lock.json'),
    JSON.stringify({ packages: installed }),
  );
  return root;
}

const A1 = { 'node_modules/a': { version: '1.0.0' } };
const A2 = { 'node_modules/a': { version: '2.0.0' } };
const OPTIONAL = { 'node_modules/b': { version: '1.0.0', optional: true } };

t.test('packages are installed when npm has recorded every version of the lock file', async (t) => {
  t.equal(packagesAreInstalled(checkout(t, A1, A1)), true);
});

t.test('a fresh clone has no packages', async (t) => {
  t.equal(packagesAreInstalled(checkout(t, A1, null)), false);
});

t.test('another version than the lock file names is not installed', async (t) => {
  t.equal(packagesAreInstalled(checkout(t, A2, A1)), false);
});

t.test('a package that the lock file has gained is missing', async (t) => {
  t.equal(packagesAreInstalled(checkout(t, { ...A1, 'node_modules/c': { version: '1.0.0' } }, A1)), false);
});

t.test(
  'an optional package for another processor may be missing, but not be of another version',
  async (t) => {
    t.equal(packagesAreInstalled(checkout(t, { ...A1, ...OPTIONAL }, A1)), true);
    const other = { 'node_modules/b': { version: '0.9.0' } };
    t.equal(packagesAreInstalled(checkout(t, { ...A1, ...OPTIONAL }, { ...A1, ...other })), false);
  },
);

t.test('an install that broke off before it had a Node is none', async (t) => {
  const root = checkout(t, A1, A1);
  rmSync(path.join(root, 'node_modules', 'node', 'bin', 'node'));
  t.equal(packagesAreInstalled(root), false);
});

t.test('two set-ups of one checkout run one after the other', async (t) => {
  const root = t.testdir();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const one = alone(root, async () => {
    entered.resolve();
    await first.promise;
    order.push('one');
  });
  await entered.promise;
  const two = alone(root, async () => void order.push('two'));
  first.resolve();
  await Promise.all([one, two]);
  t.strictSame(order, ['one', 'two']);
});

t.test('a set-up that fails lets the next one begin', async (t) => {
  const root = t.testdir();
  await t.rejects(
    alone(root, async () => Promise.reject(new Error('no network'))),
    { message: 'no network' },
  );
  t.equal(await alone(root, async () => 'done'), 'done');
});

t.test('of what npm says, the reason is kept and the noise is not', async (t) => {
  const output =
    'npm warn deprecated x\nnpm error code ENOTFOUND\nnpm error errno ENOTFOUND\nnpm error network request to https://r/ failed\nnpm error A complete log of this run can be found in: /x\n';
  t.equal(npmComplaint(output), 'code ENOTFOUND; network request to https://r/ failed');
  t.equal(npmComplaint(''), 'no reason given');
});
