import { existsSync, mkdirSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { claimPlace, findLab, listLabs, removePlace, writeIdentity } from '../../../src/cli/living/place.ts';
import { identityOf } from '../../../src/runtime/namespace/sandbox.ts';
import { shortDirectory } from './short-directory.ts';

const OURS = identityOf(process.pid);
/** A process id that was given out again since. */
const DEAD = { ...OURS, startTicks: '1' };

t.test('a lab has a directory of its own that nobody else can enter', async (t) => {
  const env = { XDG_RUNTIME_DIR: shortDirectory(t) };
  const place = claimPlace('a', env);
  t.equal(statSync(place.directory).mode & 0o777, 0o700);
  t.equal(statSync(path.dirname(place.directory)).mode & 0o777, 0o700);
});

t.test('a directory of ours that others could enter is closed to them', async (t) => {
  const runtimeDir = shortDirectory(t);
  mkdirSync(path.join(runtimeDir, 'gracelab'), { mode: 0o755 });
  claimPlace('a', { XDG_RUNTIME_DIR: runtimeDir });
  t.equal(statSync(path.join(runtimeDir, 'gracelab')).mode & 0o777, 0o700);
});

t.test('a place that holds no directories is told in one sentence', async (t) => {
  t.throws(() => claimPlace('a', { XDG_RUNTIME_DIR: '/proc' }), {
    status: 3,
    message: /^cannot make \/proc\/gracelab \(ENOENT\): set XDG_RUNTIME_DIR to a directory of yours\.$/,
  });
});

t.test('two labs of one name cannot be up, two of different names can', async (t) => {
  const env = { XDG_RUNTIME_DIR: shortDirectory(t) };
  writeIdentity(claimPlace('a', env), OURS);
  t.throws(() => claimPlace('a', env), { status: 64, message: /"a" is up already/ });
  writeIdentity(claimPlace('b', env), OURS);
  t.strictSame(
    listLabs(env).map(({ name }) => name),
    ['a', 'b'],
  );
});

t.test('what a dead lab has left is removed by whoever looks next', async (t) => {
  const env = { XDG_RUNTIME_DIR: shortDirectory(t) };
  const place = claimPlace('a', env);
  writeIdentity(place, DEAD);
  t.strictSame(listLabs(env), []);
  t.equal(existsSync(place.directory), false);
});

t.test('a lab that is just coming up is not taken for a dead one', async (t) => {
  const env = { XDG_RUNTIME_DIR: shortDirectory(t) };
  const place = claimPlace('a', env);
  t.equal(listLabs(env).length, 1);
  utimesSync(place.directory, 0, 0);
  t.equal(listLabs(env).length, 0);
});

t.test('without a name the only lab is meant; with several one has to be named', async (t) => {
  const env = { XDG_RUNTIME_DIR: shortDirectory(t) };
  t.throws(() => findLab(undefined, env), { status: 64, message: /no lab is up/ });
  writeIdentity(claimPlace('a', env), OURS);
  t.equal(findLab(undefined, env).name, 'a');
  writeIdentity(claimPlace('b', env), OURS);
  t.throws(() => findLab(undefined, env), { status: 64, message: /several labs are up \(a, b\)/ });
  t.equal(findLab('b', env).name, 'b');
  t.throws(() => findLab('c', env), { status: 64, message: /no lab called "c" is up; there are a, b/ });
});

t.test('a directory that somebody else has put in our place is not believed', async (t) => {
  const runtimeDir = shortDirectory(t);
  mkdirSync(path.join(runtimeDir, 'elsewhere'));
  symlinkSync('elsewhere', path.join(runtimeDir, 'gracelab'));
  t.throws(() => listLabs({ XDG_RUNTIME_DIR: runtimeDir }), {
    status: 3,
    message: /is not a directory of yours/,
  });
});

t.test('with the last lab goes the directory that held them', async (t) => {
  const runtimeDir = shortDirectory(t);
  const env = { XDG_RUNTIME_DIR: runtimeDir };
  const base = path.join(runtimeDir, 'gracelab');
  const [first, second] = [claimPlace('a', env), claimPlace('b', env)];
  removePlace(first);
  t.equal(existsSync(second.directory), true, 'another lab keeps it');
  removePlace(second);
  t.equal(existsSync(base), false);
  t.strictSame(listLabs(env), []);
  t.equal(existsSync(base), false, 'looking does not make it');
});
