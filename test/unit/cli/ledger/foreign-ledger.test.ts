import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { parseStore } from '../../../../src/cli/ledger/foreign-ledger.ts';
import { beaconSlot } from '../../../../src/core/beacon-slot.ts';
import { asEpoch, asIncarnation } from '../../../../src/core/ids.ts';
import type { Ledger } from '../../../../src/core/ledger.ts';
import { openDomainStore } from '../../../../src/store/open.ts';
import { SqliteStore } from '../../../../src/store/sqlite.ts';
import { EtcdProcess, etcdMissing } from '../../store/fixtures/etcd-process.ts';
import { realClock } from '../../store/fixtures/real-clock.ts';
import { gracelab } from '../capture.ts';
import { barrier, dies, N1, N2, quiet, recordOf } from './fixtures/ledgers.ts';

const clock = { nowMs: () => 0, after: () => () => {} };
const BEACON = new URL('../../../../src/server/filesystem/beacon.ts', import.meta.url).pathname;

/** A control directory with a ledger, and nothing that runs. */
async function control(t: Test, ledger: Ledger) {
  const directory = mkdtempSync(path.join(tmpdir(), 'gl-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'ledger.sqlite');
  const open = () => SqliteStore.open({ path: file, clock });
  const store = open();
  await store.swap(null, ledger);
  await store[Symbol.asyncDispose]();
  const read = async () => {
    await using again = open();
    return (await again.read())!;
  };
  writeFileSync(path.join(directory, 'beacon'), '');
  return { directory, file, at: ['--store', `sqlite:${file}`], open, read };
}

/** A process that holds the beacons of these lives, until it is killed. */
async function lit(t: Test, directory: string, slots: readonly bigint[]): Promise<ChildProcess> {
  const script = `
    import { Beacon } from '${BEACON}';
    const beacon = Beacon.open('${path.join(directory, 'beacon')}');
    for (const slot of [${slots.map((slot) => `${slot}n`).join()}]) beacon.light(slot);
    console.log('lit');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    script,
  ]);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

const slotOf = (ledger: Ledger, node: typeof N1): bigint =>
  beaconSlot(ledger.members[node]!.beaconIndex, ledger.members[node]!.incarnation);

t.test('a ledger without a lab is shown while no node is up', async (t) => {
  const { at, open } = await control(t, barrier(dies(quiet(), N1, N2)));
  const store = open();
  await store.putRecords({ node: N2, incarnation: asIncarnation(1) }, { epoch: asEpoch(2), node: N1 }, [
    recordOf('alice'),
    recordOf('bob', { revoked: true }),
  ]);
  await store[Symbol.asyncDispose]();
  const { status, stdout } = await gracelab(['ledger', ...at]);
  t.equal(status, 0);
  t.match(stdout, /In grace \(view 6\)/);
  t.match(stdout, /\n {2}n1 +1 +down +out +- +open/);
  t.match(stdout, /epoch 2 \(may reclaim now\):\n +n1 +alice, bob \(revoked: its lease ran out\)/);
  const json = await gracelab(['ledger', 'show', ...at, '--json']);
  t.match(JSON.parse(json.stdout), {
    ledgers: [
      {
        revision: 1,
        ledger: { view: 6 },
        records: [{ node: 'n1', clients: [{ ownerId: '616c696365' }, { revoked: true }] }, {}],
      },
    ],
  });
  const why = await gracelab(['why', ...at]);
  t.match(why.stdout, /alice of n1 may reclaim, and nobody is there to reclaim from: n1 is down/);
  t.match(why.stdout, /`gracelab ledger abandon n1 --store sqlite:/);
});

t.test('a beacon that is lit refuses declare-dead; when its process has died it is done', async (t) => {
  const { at, directory, read } = await control(t, quiet());
  const child = await lit(t, directory, [slotOf(quiet(), N1)]);
  const alive = await gracelab(['ledger', 'declare-dead', 'n1', '--yes', ...at]);
  t.match(alive, { status: 64, stderr: /n1 is alive: the beacon of life 1 is lit/ });
  t.equal((await read()).revision, 1);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  t.match(await gracelab(['ledger', 'declare-dead', 'n1', '--yes', ...at]), {
    status: 0,
    stdout: 'n1 is written down as dead (view 6).\n',
    stderr: /Its beacon is out, which proves here that this life is over/,
  });
  t.equal((await read()).ledger.members[N1]!.state, 'down');
});

t.test('to look at a beacon takes it from nobody', async (t) => {
  const { at, directory } = await control(t, quiet());
  await lit(t, directory, [slotOf(quiet(), N1)]);
  for (let looks = 0; looks < 3; looks += 1) await gracelab(['ledger', ...at]);
  t.match((await gracelab(['ledger', ...at])).stdout, /\n {2}n1 +1 +up +lit/);
});

t.test('I3: a file that is no beacon file proves nobody dead', async (t) => {
  const { at, directory, read } = await control(t, quiet());
  writeFileSync(path.join(directory, 'beacon'), 'something else');
  t.match(await gracelab(['ledger', 'declare-dead', 'n1', '--yes', ...at]), {
    status: 64,
    stderr: /its beacon cannot be looked at from here/,
  });
  t.equal((await read()).revision, 1);
});

t.test('without a beacon file nobody is dead, but by a command that makes sure of it', async (t) => {
  const { at, directory, read } = await control(t, quiet());
  rmSync(path.join(directory, 'beacon'));
  t.match(await gracelab(['ledger', 'declare-dead', 'n1', '--yes', ...at]), {
    status: 64,
    stderr:
      /nobody has made sure that life 1 of n1 is over: its beacon cannot be looked at from here.*--fence-command/,
  });
  const log = path.join(directory, 'fenced');
  const failing = `echo "no switch for $1" >&2; false`;
  t.match(
    await gracelab([
      'ledger',
      'declare-dead',
      'n1',
      '--yes',
      '--fence-command',
      `sh -c '${failing}' sh`,
      ...at,
    ]),
    {
      status: 3,
      stderr: /nothing was changed, since nobody knows whether n1 is gone: .*no switch for n1/,
    },
  );
  t.equal((await read()).revision, 1);
  const fence = `sh -c 'echo "$@" >>${log}' sh`;
  t.match(await gracelab(['ledger', 'declare-dead', 'n1', '--yes', '--fence-command', fence, ...at]), {
    status: 0,
  });
  t.equal(existsSync(log), true);
  t.equal((await read()).ledger.members[N1]!.state, 'down');
});

t.test('nothing is founded, and nothing overwritten, where there is no ledger', async (t) => {
  const { directory } = await control(t, quiet());
  const missing = path.join(directory, 'nothing.sqlite');
  t.match(await gracelab(['ledger', '--store', `sqlite:${missing}`]), {
    status: 64,
    stderr: /there is no ledger at .*ENOENT/,
  });
  t.equal(existsSync(missing), false);
  const text = path.join(directory, 'text');
  writeFileSync(text, 'hello');
  t.match(await gracelab(['ledger', '--store', `sqlite:${text}`]), {
    status: 64,
    stderr: /is no SQLite file/,
  });
});

t.test('a ledger that cannot be read is not touched', async (t) => {
  const { at, file } = await control(t, quiet());
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  database.exec(`UPDATE ledger SET text = '{}'`);
  database.close();
  t.match(await gracelab(['ledger', 'admit', 'n4', '--yes', ...at]), {
    status: 3,
    stderr: /the ledger cannot be read.*nothing is changed/,
  });
});

t.test('options that do not go together are refused', async (t) => {
  const wrong = [
    [['--store', 'file:/x'], /"file:\/x" is no store/],
    [['--store', 'etcd:http://a:1'], /--prefix/],
    [['--store', 'sqlite:/x', '--prefix', 'a'], /--prefix goes with etcd/],
    [['--store', 'sqlite:/x', '--name', 'a'], /--name is for a lab/],
    [['--store', 'sqlite:/x', '--domain', 'a'], /--domain is for a lab/],
    [['--store', 'sqlite:/x', '--beacon', '/b'], /--beacon goes with etcd/],
    [['--prefix', 'a'], /--prefix goes with --store/],
  ] as const;
  for (const [options, stderr] of wrong)
    t.match(await gracelab(['ledger', ...options]), { status: 64, stderr }, options.join(' '));
  t.strictSame(parseStore('etcd:a:1,http://b:2', 'gracelab/x', '/'), {
    kind: 'etcd',
    endpoints: ['http://a:1', 'http://b:2'],
    prefix: 'gracelab/x',
  });
});

t.test('a ledger in etcd, by its endpoints and its prefix', { skip: etcdMissing() ?? false }, async (t) => {
  const etcd = await EtcdProcess.start();
  t.teardown(() => etcd[Symbol.asyncDispose]());
  const spec = { kind: 'etcd', endpoints: [etcd.url], prefix: 'gracelab/shared' } as const;
  const store = await openDomainStore(spec, realClock);
  t.teardown(() => store[Symbol.asyncDispose]());
  await store.swap(null, barrier(dies(quiet(), N1, N2)));
  const at = ['--store', `etcd:${etcd.url}`, '--prefix', 'gracelab/shared'];
  t.match(await gracelab(['ledger', ...at]), {
    status: 0,
    stdout: /In grace \(view 6\).*\n {2}n1 +1 +down +unknown/s,
  });
  t.match(await gracelab(['why', ...at]), {
    stdout: /`gracelab ledger abandon n1 --store etcd:http:.* --prefix gracelab\/shared`/,
  });
  t.match(await gracelab(['ledger', 'declare-dead', 'n2', '--yes', ...at]), {
    status: 64,
    stderr: /its beacon cannot be looked at from here/,
  });
  t.match(await gracelab(['ledger', 'abandon', 'n1', '--yes', ...at]), { status: 0 });
  t.equal((await store.read())!.ledger.recoveryEpoch, null);
  t.match(await gracelab(['ledger', '--store', `etcd:${etcd.url}`, '--prefix', 'other']), {
    status: 64,
    stderr: /has no ledger yet/,
  });
});
