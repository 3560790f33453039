/** Mounts in guests, and what every one of them must stand. */
import { createHash } from 'node:crypto';
import type { Test } from 'tap';
import type { Guest, GuestProcess, MountOrder } from './guest.ts';
import type { Rival } from './rival.ts';

export const EAGAIN = /^11 /;

export interface Mounted {
  readonly guest: Guest;
  readonly version: string;
  /** In the guest. */
  readonly at: string;
}

export async function mounted(t: Test, guest: Guest, at: string, order: MountOrder): Promise<Mounted> {
  const { version } = order;
  t.equal(await guest.mount(at, order), '', `mount with vers=${version}`);
  const { output } = await guest.run(`grep ' ${at} ' /proc/mounts`);
  t.match(output, new RegExp(`\\bvers=${version}\\b.*\\blocal_lock=none\\b`));
  return { guest, version, at };
}

export const unmounted = (t: Test, { guest, at }: Mounted): Promise<void> =>
  prints(t, guest, `umount ${at}`, '');

/** Runs a command in the guest that is to succeed and to print this. */
export async function prints(t: Test, guest: Guest, command: string, output: string): Promise<void> {
  t.same(await guest.run(command), { status: 0, output }, command);
}

export type LockKind = 'posix' | 'flock';

/** A process in the guest that has the file open, and locks as it is told. */
export async function locker(
  t: Test,
  { guest, at }: Mounted,
  kind: LockKind,
  file: string,
): Promise<GuestProcess> {
  const process = guest.start(`exec perl /programs/locker.pl ${kind} ${at}/${file}`);
  t.equal(await process.line(), 'open');
  return process;
}

/** How often the guest has sent this operation by this mount. */
export async function sent({ guest, at }: Mounted, operation: string): Promise<number> {
  const { output } = await guest.run(
    `awk '$1 == "device" { here = $5 == "${at}" } here && $1 == "${operation}:" { print $2 }' /proc/self/mountstats`,
  );
  return Number(output);
}

/** @param elsewhere the same directory by another mount, which must come to see the same */
export async function tree(t: Test, { guest, at }: Mounted, elsewhere: Mounted): Promise<void> {
  const here = (command: string, output: string) => prints(t, guest, `cd ${at} && ${command}`, output);
  const there = (command: string, output: string) =>
    prints(t, elsewhere.guest, `cd ${elsewhere.at} && ${command}`, output);
  await here('mkdir -p d/e && echo hello >d/f && cat d/f', 'hello');
  await here('mv d/f d/e/g && ln d/e/g h && ln -s d/e/g s && mkfifo p && cat s', 'hello');
  await here('echo more >>h && cat d/e/g', 'hello\nmore');
  await here('find . -mindepth 1 | sort', './d\n./d/e\n./d/e/g\n./h\n./p\n./s');
  await here("stat -c '%a %h %s %F' h p", '644 2 11 regular file\n644 1 0 fifo');
  await here("chmod 640 h && chown 12:34 h && stat -c '%a %u %g' d/e/g", '640 12 34');
  await here('truncate -s 5 h && cat d/e/g && df . >/dev/null', 'hello');
  await there("cat d/e/g && stat -c '%a %u %g %h %s' h", 'hello640 12 34 2 5');
  await here('mv d/e d2 && rmdir d && rm -r d2 h p s && ls -A', '');
  await there('ls -A', '');
}

const directoryOf = (number: number): number => number % 20;

/** Small files, written by one process. */
export async function writeTree(t: Test, { guest, at }: Mounted, files: number): Promise<void> {
  const each = `$d = $_ % 20; mkdir $d; open F, ">", "$d/$_"; print F "$_ of $d\\n" x ($_ % 97 * 10); close F or die`;
  await prints(t, guest, `mkdir ${at}/tree && cd ${at}/tree && perl -e 'for (1..${files}) { ${each} }'`, '');
}

/** What md5sum says in the guest of what it says of each of these files. */
function sumsOf(files: number): string {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const lines = Array.from({ length: files }, (_, index) => {
    const number = index + 1;
    const directory = directoryOf(number);
    const text = `${number} of ${directory}\n`.repeat((number % 97) * 10);
    return { path: `./${directory}/${number}`, sum: md5(text) };
  });
  const byPath = lines.sort((a, b) => (a.path < b.path ? -1 : 1));
  return `${md5(byPath.map(({ path, sum }) => `${sum}  ${path}\n`).join(''))}  -`;
}

/** From the server, not from what the guest's kernel remembers. */
export async function readTree(t: Test, { guest, at }: Mounted, files: number): Promise<void> {
  await prints(t, guest, 'echo 3 >/proc/sys/vm/drop_caches', '');
  await prints(t, guest, `cd ${at}/tree && find . -type f | wc -l`, String(files));
  await prints(t, guest, `cd ${at}/tree && find . -type f | sort | xargs md5sum | md5sum`, sumsOf(files));
}

/** @param rival clients of our own, of the same server or of another node */
export async function locks(t: Test, mount: Mounted, kind: LockKind, rival: Rival): Promise<void> {
  const file = `${kind}-${mount.version}`;
  const asks = (verb: 'open' | 'lock' | 'unlock') => rival.ask('rival', verb, file, { retry: 'grace' });
  t.match(await asks('open'), { status: 'OK' });
  const [first, second] = [await locker(t, mount, kind, file), await locker(t, mount, kind, file)];
  t.equal(await first.ask('lock 0 10'), 'ok');
  t.match(await second.ask('lock 5 10'), EAGAIN, 'another process of the guest');
  t.match(await asks('lock'), { status: 'DENIED' }, 'another client');
  if (kind === 'posix') {
    t.equal(await second.ask('lock 10 10'), 'ok', 'ranges that only touch');
    t.equal(await second.ask('unlock 10 10'), 'ok');
  }
  second.tell('wait 0 10');
  t.equal(await first.ask('unlock 0 10'), 'ok');
  t.equal(await second.line(), 'ok', 'the process that waited has it');
  t.match(await asks('lock'), { status: 'DENIED' });
  t.same(await second.ended(), { status: 0, output: second.lines.join('\n') });
  t.match(await asks('lock'), { status: 'OK' }, 'the end of a process gives its locks back');
  t.match(await first.ask('lock 0 10'), EAGAIN, 'held by another client');
  first.tell('wait 0 10');
  t.match(await asks('unlock'), { status: 'OK' });
  t.equal(await first.line(), 'ok', 'and had as soon as that gives it back');
  await first.ended();
}

/** What the kernel asks of a server of 4.2 only. */
export async function version2(t: Test, { guest, at }: Mounted, elsewhere: Mounted): Promise<void> {
  const answers = [
    ...['setxattr 0', 'getxattr 5 green', 'listxattr 12 user.colour', 'removexattr 0'],
    ...['allocate 0', 'size 65536', 'deallocate 0', 'hole 4096', 'data 8192', 'copy 10000'],
  ];
  await prints(t, guest, `perl /programs/version-2.pl ${at}`, answers.join('\n'));
  const there = (command: string, output: string) =>
    prints(t, elsewhere.guest, `cd ${elsewhere.at} && ${command}`, output);
  await there('dd if=extents bs=4096 skip=1 count=1 2>/dev/null | tr -d "\\0"', '');
  await there('head -c 10000 extents | cmp - copy', '');
}

// ---- a power cut ----

/** The thief waits out a grace. */
const PATIENT_MS = 60_000;

interface Holder {
  readonly file: string;
  readonly process: GuestProcess;
}

/** Processes that lock and write: with each of the mounts, in each way. @param name tells files of several calls apart */
export async function holders(
  t: Test,
  mounts: readonly Mounted[],
  name: string,
  prepare: (file: string) => Promise<void> = async () => undefined,
): Promise<readonly Holder[]> {
  const held: Holder[] = [];
  for (const mount of mounts) {
    for (const kind of ['posix', 'flock'] as const) {
      const file = `${name}-${kind}-${mount.version}`;
      await prepare(file);
      const process = await locker(t, mount, kind, file);
      t.equal(await process.ask('lock 0 10'), 'ok', file);
      t.equal(await process.ask('write before'), 'ok');
      held.push({ file, process });
    }
  }
  return held;
}

/**
 * Locks in guests through a power cut of their server, with a thief that asks for each of them.
 * @param cut returns when the server serves again
 * @param recovered is called when the guests have reclaimed, and nobody else has got anything yet
 */
export async function powerCut(
  t: Test,
  held: readonly Holder[],
  {
    rival,
    cut,
    recovered,
  }: {
    readonly rival: Rival;
    readonly cut: () => Promise<void>;
    readonly recovered?: () => Promise<void>;
  },
): Promise<void> {
  await cut();
  const asks = (verb: 'open' | 'lock' | 'unlock' | 'close' | 'read', file: string, options = {}) =>
    rival.ask('thief', verb, file, { create: false, ...options });
  for (const { file } of held) t.match(await asks('open', file), { status: 'GRACE' }, `${file}: in grace`);
  for (const { file, process } of held)
    t.equal(await process.ask('write during'), 'ok', `${file}: without a new lock`);
  await recovered?.();
  for (const { file, process } of held) {
    const patient = { retry: 'grace', timeoutMs: PATIENT_MS };
    t.match(await asks('open', file, patient), { status: 'OK' });
    t.match(await asks('lock', file, patient), { status: 'DENIED' }, `${file}: after grace`);
    t.equal(await process.ask('write after'), 'ok', 'the holder goes on');
    t.match(await asks('read', file), { status: 'OK', text: /^after/ });
    t.equal(await process.ask('unlock 0 10'), 'ok');
    t.match(await asks('lock', file), { status: 'OK' }, 'once it is given back');
    t.match(await process.ask('lock 0 10'), EAGAIN);
    t.match(await asks('close', file), { status: 'OK' });
    await process.ended();
  }
}

/** Has a record and does not come back: grace lasts as long as it may, and a thief comes in time for it. */
export async function leaveStraggler(t: Test, rival: Rival): Promise<void> {
  t.match(await rival.ask('straggler', 'open', 'own'), { status: 'OK' });
  t.match(await rival.ask('straggler', 'lock', 'own'), { status: 'OK' });
  t.match(await rival.ask('straggler', 'abandon', 'own'), { status: 'OK' });
}
