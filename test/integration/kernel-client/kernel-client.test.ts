/** The client of the Linux kernel, in a virtual machine, and our server on this one. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { connect, place, Serving, stateOf, type } from '../serve/fixtures/serving.ts';
import { Guest, type GuestProcess } from './guest.ts';
import { guestRefusal } from './guest-image.ts';

const VERSIONS = ['4.1', '4.0', '4.2'] as const;
const FILES = 2000;
const SOURCE = '/tmp/tree';
/** Long enough for a client on a busy machine to be back in time. */
const TIMES = ['--lease', '5', '--grace', '10'] as const;
const RANGE = { start: 0, end: 10 };
const EAGAIN = /^11 /;
/** The thief waits out a grace. */
const PATIENT_MS = 60_000;

interface Mounted {
  readonly guest: Guest;
  readonly serving: Serving;
  /** What is served, here, and where the guest has it. */
  readonly served: string;
  readonly at: string;
}

/** A server of its own, mounted. */
async function mounted(t: Test, guest: Guest, version: string): Promise<Mounted> {
  const served = place(t);
  const serving = await Serving.start(t, served, ...TIMES);
  const at = `/mnt/${serving.ready.port}`;
  t.equal(await guest.mount(at, serving.ready.port, version), '', `mount with vers=${version}`);
  const { output } = await guest.run(`grep ' ${at} ' /proc/mounts`);
  t.match(output, new RegExp(`\\bvers=${version}\\b.*\\blocal_lock=none\\b`));
  return { guest, serving, served, at };
}

async function unmounted(t: Test, { guest, at }: Mounted): Promise<void> {
  await prints(t, guest, `umount ${at}`, '');
}

/** Runs a command in the guest that is to succeed and to print this. */
async function prints(t: Test, guest: Guest, command: string, output: string): Promise<void> {
  t.same(await guest.run(command), { status: 0, output }, command);
}

/** A process in the guest that has the file open, and locks as it is told. */
async function locker(
  t: Test,
  { guest, at }: Mounted,
  kind: 'posix' | 'flock',
  file: string,
): Promise<GuestProcess> {
  const process = guest.start(`exec perl /programs/locker.pl ${kind} ${at}/${file}`);
  t.equal(await process.line(), 'open');
  return process;
}

async function tree(t: Test, { guest, served, at }: Mounted): Promise<void> {
  await prints(t, guest, `cd ${at} && mkdir -p d/e && echo hello >d/f && cat d/f`, 'hello');
  await prints(
    t,
    guest,
    `cd ${at} && mv d/f d/e/g && ln d/e/g h && ln -s d/e/g s && mkfifo p && cat s`,
    'hello',
  );
  await prints(t, guest, `cd ${at} && echo more >>h && cat d/e/g`, 'hello\nmore');
  const found = './d\n./d/e\n./d/e/g\n./h\n./p\n./s';
  await prints(t, guest, `cd ${at} && find . -mindepth 1 | sort`, found);
  await prints(t, guest, `cd ${at} && stat -c '%a %h %s %F' h p`, '644 2 11 regular file\n644 1 0 fifo');
  await prints(t, guest, `cd ${at} && chmod 640 h && chown 12:34 h && stat -c '%a %u %g' d/e/g`, '640 12 34');
  await prints(t, guest, `cd ${at} && truncate -s 5 h && cat d/e/g && df . >/dev/null`, 'hello');
  t.equal(readFileSync(path.join(served, 'd/e/g'), 'utf8'), 'hello', 'and on the disk');
  await prints(t, guest, `cd ${at} && mv d/e d2 && rmdir d && rm -r d2 h p s && ls -A`, '');
}

const SUMS = `find . -type f | sort | xargs md5sum | md5sum`;

async function manyFiles(t: Test, { guest, at }: Mounted): Promise<void> {
  const { output: sums } = await guest.run(`cd ${SOURCE} && ${SUMS}`);
  await prints(t, guest, `mkdir ${at}/tree && tar cf - -C ${SOURCE} . | tar xmof - -C ${at}/tree`, '');
  // From the server, not from what the guest's kernel remembers.
  await prints(t, guest, 'echo 3 >/proc/sys/vm/drop_caches', '');
  await prints(t, guest, `cd ${at}/tree && find . -type f | wc -l`, String(FILES));
  await prints(t, guest, `cd ${at}/tree && ${SUMS}`, sums);
}

async function locks(t: Test, mount: Mounted, kind: 'posix' | 'flock'): Promise<void> {
  const ours = await connect(t, `ours ${kind}`, mount.serving.ready);
  const file = await ours.open(kind, { owner: 'p' });
  const [first, second] = [await locker(t, mount, kind, kind), await locker(t, mount, kind, kind)];
  t.equal(await first.ask('lock 0 10'), 'ok');
  t.match(await second.ask('lock 5 10'), EAGAIN, 'another process of the guest');
  t.match(await file.lock(RANGE), { status: 'DENIED' }, 'another client');
  if (kind === 'posix') {
    t.equal(await second.ask('lock 10 10'), 'ok', 'ranges that only touch');
    t.equal(await second.ask('unlock 10 10'), 'ok');
  }
  second.tell('wait 0 10');
  t.equal(await first.ask('unlock 0 10'), 'ok');
  t.equal(await second.line(), 'ok', 'the process that waited has it');
  t.match(await file.lock(RANGE), { status: 'DENIED' });
  t.same(await second.ended(), { status: 0, output: second.lines.join('\n') });
  t.match(await file.lock(RANGE), { status: 'OK' }, 'the end of a process gives its locks back');
  t.match(await first.ask('lock 0 10'), EAGAIN, 'held by another client');
  first.tell('wait 0 10');
  t.match(await file.unlock(RANGE), { status: 'OK' });
  t.equal(await first.line(), 'ok', 'and had as soon as that gives it back');
  await first.ended();
}

/** What the kernel asks of a server of 4.2 only. */
async function version2(t: Test, { guest, at, served }: Mounted): Promise<void> {
  const answers = [
    ...['setxattr 0', 'getxattr 5 green', 'listxattr 12 user.colour', 'removexattr 0'],
    ...['allocate 0', 'size 65536', 'deallocate 0', 'hole 4096', 'data 8192', 'copy 10000'],
  ];
  await prints(t, guest, `perl /programs/version-2.pl ${at}`, answers.join('\n'));
  const [original, copy] = ['extents', 'copy'].map((name) => readFileSync(path.join(served, name)));
  t.ok(original?.subarray(4096, 8192).equals(Buffer.alloc(4096)), 'the hole is one on the disk as well');
  t.ok(copy?.equals(original?.subarray(0, 10000) ?? Buffer.alloc(0)), 'and what was copied is the same');
}

/** The lock of a process in the guest through SIGKILL and a new start of the server. */
async function powerCut(t: Test, mount: Mounted): Promise<void> {
  const { serving, served } = mount;
  const holders = [
    await locker(t, mount, 'posix', 'posix'),
    await locker(t, mount, 'flock', 'flock'),
  ] as const;
  for (const holder of holders) {
    t.equal(await holder.ask('lock 0 10'), 'ok');
    t.equal(await holder.ask('write before'), 'ok');
  }
  // It has a record and does not come back: grace lasts as long as it may, and the thief comes in time for it.
  const straggler = await connect(t, 'straggler', serving.ready);
  t.match(await (await straggler.open('own', { owner: 'p' })).lock(RANGE), { status: 'OK' });
  straggler.abandon();

  t.match(await type('server-helper', stateOf(served), 'reboot'), { status: 0, stderr: '' });

  const thief = await connect(t, 'thief', serving.ready);
  for (const name of ['posix', 'flock']) {
    const file = thief.file(name, { owner: 'q', create: false });
    t.match(await file.open('none'), { status: 'GRACE' }, `${name}: in grace`);
  }
  for (const holder of holders) t.equal(await holder.ask('write during'), 'ok', 'without a new lock');
  const stolen = [];
  for (const [at, name] of ['posix', 'flock'].entries()) {
    const file = thief.file(name, { owner: 'q', create: false });
    t.match(await file.open('grace', { timeoutMs: PATIENT_MS }), { status: 'OK' });
    t.match(
      await file.lock({ ...RANGE, timeoutMs: PATIENT_MS }),
      { status: 'DENIED' },
      `${name}: after grace`,
    );
    t.equal(await holders[at]?.ask('write after'), 'ok', 'the holder goes on');
    t.equal(readFileSync(path.join(served, name), 'utf8').slice(0, 5), 'after');
    t.equal(await holders[at]?.ask('unlock 0 10'), 'ok');
    t.match(await file.lock(RANGE), { status: 'OK' }, 'once it is given back');
    stolen.push(file);
  }
  for (const holder of holders) {
    t.match(await holder.ask('lock 0 10'), EAGAIN);
    await holder.ended();
  }
  for (const file of stolen) await file.unlock(RANGE);
}

async function makeSource(t: Test, guest: Guest): Promise<void> {
  const each = `$d = $_ % 20; mkdir $d; open F, ">", "$d/$_"; print F "$_ of $d\\n" x ($_ % 97 * 10); close F`;
  await prints(t, guest, `mkdir ${SOURCE} && cd ${SOURCE} && perl -e 'for (1..${FILES}) { ${each} }'`, '');
}

async function tests(t: Test, guest: Guest): Promise<void> {
  await makeSource(t, guest);
  for (const version of VERSIONS) {
    await t.test(`vers=${version}`, async (t) => {
      const mount = await mounted(t, guest, version);
      await t.test('a tree is made, changed and removed', (t) => tree(t, mount));
      await t.test(`${FILES} files are written and read back`, (t) => manyFiles(t, mount));
      await t.test('POSIX locks', (t) => locks(t, mount, 'posix'));
      await t.test('flock', (t) => locks(t, mount, 'flock'));
      if (version === '4.2') await t.test('what came with 4.2', (t) => version2(t, mount));
      await t.test('locks survive a power cut of the server', (t) => powerCut(t, mount));
      await unmounted(t, mount);
    });
  }
}

t.setTimeout(580_000);
const refusal = guestRefusal();
const guest = refusal ?? (await Guest.start());
if (typeof guest === 'string')
  t.test('the client of the Linux kernel', { skip: guest }, async () => undefined);
else {
  t.teardown(() => guest[Symbol.asyncDispose]());
  await tests(t, guest);
}
