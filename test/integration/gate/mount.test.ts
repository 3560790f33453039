import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ExportedFilesystem } from '../../../src/server/filesystem/filesystem.ts';
import { RangeLocks } from '../../../src/server/filesystem/range-locks.ts';
import { MountedGate, noMountHere } from './fixtures/mounted.ts';

const noMount = noMountHere();
if (noMount !== null) {
  t.plan(0, noMount);
  process.exit(0);
}

/** On a machine that is busy otherwise. */
t.setTimeout(1_700_000);

const sh = (script: string): readonly string[] => ['sh', '-c', script];

t.test(
  'programs make, change, list, link, move and remove files, and everybody sees it at once',
  async (t) => {
    const gate = await MountedGate.open(t);
    const script = `set -e
    echo hello > a; mkdir -m 750 d; mv a d/b; ln d/b c; ln -s d s; cat s/b; echo more >> c; cat c
    truncate -s 3 c; stat -c '%s %h %a' c; chmod 600 c; chown 5:6 c; touch -d @1000000000 c; stat -c '%a %u %g %Y' c
    mkfifo p; test -p p; rm p; rm -r d; ls -a; readlink s; df --output=source . | tail -1`;
    const { stdout, stderr, code } = await gate.run(sh(script));
    t.equal(stderr, '');
    t.equal(code, 0);
    t.equal(stdout, 'hello\nhello\nmore\n3 2 644\n600 5 6 1000000000\n.\n..\nc\ns\nd\ngracelab-gate\n');
    t.strictSame(readdirSync(gate.exported).sort(), ['c', 's']);
    writeFileSync(join(gate.exported, 'c'), 'another node wrote');
    t.match(await gate.run(['cat', 'c']), { stdout: 'another node wrote', code: 0 });
  },
);

t.test('files of many megabytes and directories of many names come through whole', async (t) => {
  const gate = await MountedGate.open(t);
  const made = await gate.run(
    sh(
      'head -c 5000000 /dev/urandom > big; sha256sum < big; mkdir many; cd many; seq 1 300 | xargs touch; ls | wc -l',
    ),
  );
  const sum = createHash('sha256')
    .update(readFileSync(join(gate.exported, 'big')))
    .digest('hex');
  t.strictSame(made.stdout.split('\n'), [`${sum}  -`, '300', '']);
  t.match(await gate.run(sh('rm -r many; ls')), { stdout: 'big\n' });
});

t.test('names are UTF-8, whatever else is in them', async (t) => {
  const gate = await MountedGate.open(t);
  const names = [' ', '-', 'a\nb', '*', '"\'', 'ü€𝄞', 'x'.repeat(255), '.hidden'];
  for (const name of names) {
    const { code } = await gate.run(['sh', '-c', ': > "$1" && cat < "$1"', 'sh', name]);
    t.equal(code, 0, JSON.stringify(name));
  }
  t.strictSame(readdirSync(gate.exported).sort(), [...names].sort());
  t.not((await gate.run(sh(': > "$(printf "bad\\\\377")"'))).code, 0, 'no UTF-8, no file');
  t.not((await gate.run(['touch', 'x'.repeat(256)])).code, 0);
});

t.test('several programs at once lose nothing of each other', async (t) => {
  const gate = await MountedGate.open(t);
  const worker = (k: number) =>
    sh(
      `for i in $(seq 12); do flock counter sh -c 'n=$(cat counter); echo $((n + 1)) > counter'; echo ${k} >> log; done`,
    );
  writeFileSync(join(gate.exported, 'counter'), '0\n');
  const ended = await Promise.all([1, 2, 3, 4].map((k) => gate.run(worker(k))));
  t.strictSame(
    ended.map(({ code }) => code),
    [0, 0, 0, 0],
  );
  t.equal(readFileSync(join(gate.exported, 'counter'), 'utf8'), '48\n');
  t.equal(readFileSync(join(gate.exported, 'log'), 'utf8').length, 96);
});

t.test('C7: flock(1) is refused in grace where it does not wait, and else waits for the lift', async (t) => {
  const gate = await MountedGate.open(t);
  // Opened beforehand: an open in grace waits as well.
  const trying = gate.begin(
    sh('exec 9>f; echo open; read go; flock -n 9; echo "tried: $?"; flock 9; echo got'),
  );
  await new Promise((resolve) => trying.child.stdout!.once('data', resolve));
  await gate.tell({ grace: true });
  const refused = gate.until(({ event }) => event === 'refuse');
  const waits = gate.until(({ event, status }) => event === 'refuse' && status === 'GRACE');
  trying.child.stdin!.write('go\n');
  t.match(await refused, { client: 'local', file: 'f', status: 'GRACE' });
  await waits;
  await gate.tell({ grace: false });
  t.match(await trying.ended, { stdout: 'open\ntried: 1\ngot\n', code: 0 });
});

t.test('a waiter that gets a signal gives up, and what a killed program held is free', async (t) => {
  const gate = await MountedGate.open(t);
  const granted = gate.until(({ event }) => event === 'grant');
  const holder = gate.begin(sh('exec 9>f; flock 9; read forever'));
  await granted;
  // Long enough to be waiting by then: a signal that comes before would wake nobody.
  t.match(await gate.run(['flock', '--timeout', '2', 'f', 'true']), { code: 1 }, 'by SIGALRM');
  const denied = gate.until(({ event }) => event === 'refuse');
  const waiter = gate.begin(['flock', 'f', 'true']);
  await denied;
  waiter.child.kill('SIGTERM');
  t.match(await waiter.ended, { signal: 'SIGTERM' });
  const next = gate.begin(['flock', 'f', 'echo', 'mine']);
  holder.child.kill('SIGKILL');
  t.match(await next.ended, { stdout: 'mine\n', code: 0 });
  await holder.ended;
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

t.test('record locks are of a process: POSIX, as on a local filesystem', { skip: !hasPython }, async (t) => {
  const gate = await MountedGate.open(t);
  const script = `
import fcntl, os, struct
def attempt(f, how, length, start):
    try: fcntl.lockf(f, how if how == fcntl.LOCK_UN else how | fcntl.LOCK_NB, length, start); return 'ok'
    except OSError as e: return type(e).__name__
def child(act):
    r, w = os.pipe(); pid = os.fork()
    if pid == 0: os.write(w, str(act()).encode()); os._exit(0)
    os.waitpid(pid, 0); return os.read(r, 100).decode()
f = open('f', 'w+')
print(attempt(f, fcntl.LOCK_EX, 10, 0))
other = lambda length, start: child(lambda: attempt(open('f', 'r+'), fcntl.LOCK_EX, length, start))
print(other(5, 5), other(5, 10))
seen = child(lambda: struct.unpack('hhqqi', fcntl.fcntl(open('f', 'r+'), fcntl.F_GETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))[:28]))
print(seen == str((fcntl.F_WRLCK, 0, 0, 10, os.getpid())))
print(attempt(f, fcntl.LOCK_UN, 4, 2), other(4, 2), other(2, 0))
open('f').close()
print(other(10, 0))
print(attempt(f, fcntl.LOCK_SH, 10, 0), child(lambda: attempt(open('f', 'r+'), fcntl.LOCK_SH, 10, 0)), other(10, 0))
`;
  const { stdout, stderr } = await gate.run(['python3', '-c', script]);
  t.equal(stderr, '');
  t.equal(stdout, 'ok\nBlockingIOError ok\nTrue\nok ok BlockingIOError\nok\nok ok BlockingIOError\n');
});

t.test('who unmounts the gate ends what programs hold, and the node goes on without it', async (t) => {
  const gate = await MountedGate.open(t);
  const granted = gate.until(({ event }) => event === 'grant');
  const holder = gate.begin(sh('exec 9>f; flock 9; echo held; read go; echo x >&9 || echo told'));
  await granted;
  const filesystem = new ExportedFilesystem({ exportDir: gate.exported, handleKey: Buffer.alloc(16, 7) });
  t.teardown(() => filesystem[Symbol.dispose]());
  const found = filesystem.lookup(filesystem.root(), 'f');
  if (!found.ok) throw new Error('the file is not there');
  const locks = new RangeLocks(filesystem);
  const outcome = () => locks.lock(found.value, 'other', { start: 0n, end: null }, 'write').outcome;
  t.equal(outcome(), 'conflict');
  const gone = gate.until((event) => event.gone === true);
  t.match(await gate.run(['umount', '--force', '--lazy', gate.mountPoint]), { code: 0 });
  await gone;
  t.equal(outcome(), 'granted');
  holder.child.stdin!.write('go\n');
  t.match(await holder.ended, { stdout: 'held\ntold\n' });
});

t.test('I5: when the gate ends, whoever has files open is told by an error, and nobody hangs', async (t) => {
  const gate = await MountedGate.open(t);
  const granted = gate.until(({ event }) => event === 'grant');
  const holder = gate.begin(sh('exec 9>f; flock 9; echo held; read go; echo x >&9 || echo told'));
  await granted;
  const waiter = gate.begin(['flock', 'f', 'true']);
  await gate.until(({ event }) => event === 'refuse');
  await gate.die();
  holder.child.stdin!.write('go\n');
  t.match(await holder.ended, { stdout: 'held\ntold\n' });
  t.not((await waiter.ended).code, 0);
});
