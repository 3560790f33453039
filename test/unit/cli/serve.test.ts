import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { argumentsOf, endpointText, type ServeOrder } from '../../../src/cli/serve/order.ts';
import { readServerRecord, serverLives, writeServerRecord } from '../../../src/cli/serve/server-record.ts';
import {
  defaultStateDirectory,
  exportedDirectory,
  isWithin,
  prepareStateDirectory,
} from '../../../src/cli/serve/state-directory.ts';
import { gracelab } from './capture.ts';

const ORDER: ServeOrder = {
  directory: '/srv/data',
  state: '/var/state',
  exportName: 'data',
  address: '::1',
  port: 2049,
  leaseMs: 1500,
  graceMs: 90_000,
  readOnly: true,
  rootSquash: true,
  anonymousUid: 7,
  anonymousGid: 8,
  allow: ['10.0.0.0/8', 'fd00::/8'],
  delegations: false,
  limits: { connections: 5, stalledMs: 1000 },
  verbose: true,
};

const WRONG: readonly (readonly [argument: string, value: string, sentence: RegExp])[] = [
  ['--export', '/a/b', /'\/a\/b' is invalid\. It must be one name, as \/data: nested ones are not supported/],
  ['--export', '/..', /It must be the name of a directory, as \/data/],
  ['--export', '', /It must be the name of a directory/],
  ['--state', '', /It must be a path/],
  ['--port', '65536', /whole number from 0 to 65535/],
  ['--address', 'localhost', /It must be an IP address/],
  ['--lease', '0', /number of seconds, more than 0 and up to 86400/],
  ['--lease', '1e3', /number of seconds/],
  ['--grace', '-1', /number of seconds/],
  ['--allow', '10.0.0.0/33', /IP address or a network, as 192\.0\.2\.0\/24/],
  ['--allow', 'example.org', /IP address or a network/],
  ['--anonuid', '0', /whole number from 1 to 4294967294/],
  ['--anongid', '4294967295', /whole number from 1 to 4294967294/],
];

t.test('wrong usage is told in one sentence', async (t) => {
  const dir = t.testdir({});
  for (const [argument, value, sentence] of WRONG) {
    const { status, stdout, stderr } = await gracelab(['serve', dir, `${argument}=${value}`]);
    t.equal(status, 64, `${argument} ${value}`);
    t.match(stderr, sentence);
    t.equal(stderr.trimEnd().split('\n').length, 1);
    t.equal(stdout, '');
  }
});

t.test('what is served has to be a directory', async (t) => {
  const dir = t.testdir({ file: '' });
  t.match(await gracelab(['serve', path.join(dir, 'none')]), { status: 64, stderr: /none does not exist: / });
  t.match(await gracelab(['serve', path.join(dir, 'file')]), {
    status: 64,
    stderr: /file is not a directory: /,
  });
  symlinkSync('.', path.join(dir, 'link'));
  t.equal(exportedDirectory(path.join(dir, 'link')), exportedDirectory(dir));
});

t.test('where no state can be kept is told, and nothing hangs', (t) => {
  const dir = t.testdir({ file: '', exported: {} });
  const made = (state: string) => () => prepareStateDirectory(state, path.join(dir, 'exported'), true);
  t.throws(made(path.join(dir, 'file')), {
    status: 3,
    message: /cannot make the state directory .*file \(ENOTDIR\)/,
  });
  t.throws(made(path.join(dir, 'file', 'below')), { status: 3, message: /ENOTDIR/ });
  t.throws(made('/proc/none/below'), { status: 3, message: /name another place with --state/ });
  t.match(made(path.join(dir, 'a', 'b'))(), { exported: false });
  t.ok(existsSync(path.join(dir, 'a', 'b')));
  t.end();
});

t.test('the state lies where XDG has it, one for each exported directory', (t) => {
  const at = (directory: string) => defaultStateDirectory(directory, { XDG_STATE_HOME: '/s', HOME: '/h' });
  t.match(at('/srv/data'), /^\/s\/gracelab\/serve\/data-[0-9a-f]{12}$/);
  t.equal(at('/srv/data'), at('/srv/data'));
  t.not(at('/srv/data'), at('/other/data'));
  t.match(at('/'), /\/root-[0-9a-f]{12}$/);
  t.match(defaultStateDirectory('/x', { HOME: '/h' }), /^\/h\/\.local\/state\/gracelab\/serve\/x-/);
  t.match(
    defaultStateDirectory('/x', { HOME: '/h', XDG_STATE_HOME: 'here' }),
    /^\/h\/\.local/,
    'XDG: absolute only',
  );
  t.end();
});

t.test('the state is a part of the export only when that was asked for', (t) => {
  const dir = exportedDirectory(t.testdir({ x: {} }));
  const inside = path.join(dir, 'state');
  t.throws(() => prepareStateDirectory(inside, dir, false), {
    message: /would be a part of the export: name/,
  });
  t.notOk(existsSync(inside), 'and nothing was made');
  symlinkSync(dir, path.join(dir, 'x', 'back'));
  const sly = path.join(dir, 'x', 'back', 'state');
  t.throws(() => prepareStateDirectory(sly, path.join(dir, 'x'), false), { message: /part of the export/ });
  t.same(prepareStateDirectory(inside, dir, true), { path: inside, exported: true });
  t.same(prepareStateDirectory(path.join(dir, 'beside'), path.join(dir, 'x'), false), {
    path: path.join(dir, 'beside'),
    exported: false,
  });
  writeFileSync(path.join(dir, 'file'), '');
  t.throws(() => prepareStateDirectory(path.join(dir, 'file', 's'), path.join(dir, 'x'), true), {
    message: /cannot make the state directory .* \(ENOTDIR\): name another place/,
    status: 3,
  });
  t.end();
});

t.test('within', (t) => {
  t.ok(isWithin('/a', '/a'));
  t.ok(isWithin('/a/b', '/a'));
  t.ok(isWithin('/a/..b', '/a'), 'a name that begins with two dots');
  t.ok(isWithin('/a', '/'));
  t.notOk(isWithin('/ab', '/a'));
  t.notOk(isWithin('/', '/a'));
  t.end();
});

t.test('an order can be given again', (t) => {
  t.same(argumentsOf(ORDER).join(' ').split(' --'), [
    '/srv/data',
    'state /var/state',
    'export /data',
    'address ::1',
    'port 2049',
    'lease 1.5',
    'grace 90',
    'read-only',
    'root-squash',
    'anonuid 7',
    'anongid 8',
    'no-delegations',
    'allow 10.0.0.0/8',
    'allow fd00::/8',
    'limit connections=5',
    'limit stalledMs=1000',
    'verbose',
  ]);
  const plain = {
    ...ORDER,
    exportName: null,
    readOnly: false,
    rootSquash: false,
    allow: [],
    limits: {},
    verbose: false,
  };
  t.notMatch(argumentsOf(plain).join(' '), /--(export|read-only|root-squash|allow|limit|verbose)/);
  t.match(argumentsOf(plain).join(' '), /--no-root-squash/);
  t.equal(endpointText(ORDER), '[::1]:2049');
  t.equal(endpointText({ address: '127.0.0.1', port: 1 }), '127.0.0.1:1');
  t.end();
});

function recorded(t: Test): string {
  const state = t.testdir({});
  writeServerRecord({ ...ORDER, state });
  return state;
}

t.test('a server is found by its record, and only as long as that very process lives', (t) => {
  const state = recorded(t);
  const record = readServerRecord(state);
  if (record === null) throw new Error('no record');
  t.same(record.order, { ...ORDER, state });
  t.ok(serverLives(record));
  t.notOk(serverLives({ ...record, startTicks: '1' }), 'its pid was given away');
  t.notOk(serverLives({ ...record, bootId: 'another' }), 'the machine was rebooted');
  t.notOk(serverLives({ ...record, pid: 2 ** 22 - 1 }));
  t.end();
});

t.test('no record, and a record that is none', (t) => {
  const dir = t.testdir({});
  t.equal(readServerRecord(dir), null);
  t.equal(readServerRecord(path.join(dir, 'none')), null);
  mkdirSync(path.join(dir, 'broken'));
  writeFileSync(path.join(dir, 'broken', 'server.json'), '{');
  t.throws(() => readServerRecord(path.join(dir, 'broken')), { status: 3, message: /remove it/ });
  t.end();
});
