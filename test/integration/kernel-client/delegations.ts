/** Delegations of clients of the Linux kernel, and others who want the files: on another node, as a rule. */
import type { Test } from 'tap';
import { EAGAIN, locker, type Mounted, prints, sent } from './mounts.ts';
import type { Rival } from './rival.ts';

/** Locks of a client with a delegation to write are its own affair until it is recalled, and the server's from then on. */
export async function pushedLocks(t: Test, mount: Mounted, rival: Rival): Promise<void> {
  const file = `pushed-${mount.version}`;
  // In 4.0 an open-owner that was not heard of for a lease has to be confirmed again, and gets no delegation with that.
  await prints(t, mount.guest, `echo >${mount.at}/heard-of`, '');
  const before = await sent(mount, 'LOCK');
  const [first, second] = [await locker(t, mount, 'posix', file), await locker(t, mount, 'posix', file)];
  t.equal(await first.ask('lock 0 10'), 'ok');
  t.match(await second.ask('lock 5 10'), EAGAIN);
  t.equal(await second.ask('lock 20 10'), 'ok');
  t.equal(await sent(mount, 'LOCK'), before, 'no LOCK was sent');
  t.match(await rival.ask('rival', 'open', file, { create: false }), { status: 'DELAY' }, 'it is recalled');
  t.match(await rival.ask('rival', 'open', file, { create: false, retry: 'grace' }), { status: 'OK' });
  t.equal(await sent(mount, 'LOCK'), before + 2, 'the locks came first');
  t.match(await rival.ask('rival', 'lock', file), { status: 'DENIED' });
  t.equal(await first.ask('unlock 0 10'), 'ok');
  t.match(await rival.ask('rival', 'lock', file), { status: 'OK' });
  t.match(await first.ask('lock 0 10'), EAGAIN);
  t.match(await rival.ask('rival', 'close', file), { status: 'OK' });
  await first.ended();
  await second.ended();
}

/**
 * What was written under a delegation is seen by whoever asks next, be it only for the size. Not before it is closed: the kernel gives a
 * delegation back without it while a process has the file open, as it may (close-to-open).
 */
export async function seenSize(t: Test, mount: Mounted, elsewhere: Mounted): Promise<void> {
  for (const text of ['hello', 'hello again']) {
    const file = `sized-${mount.version}-${text.length}`;
    const before = await sent(mount, 'DELEGRETURN');
    const writer = await locker(t, mount, 'posix', file);
    t.equal(await writer.ask(`put ${text}`), 'ok');
    await writer.ended();
    await prints(t, elsewhere.guest, `stat -c %s ${elsewhere.at}/${file}`, String(text.length));
    t.ok((await sent(mount, 'DELEGRETURN')) > before, 'there was one');
  }
}

/** Two that edit the same files in turn. Only the first turns at a file have delegations: one that is wanted by others is not given. */
export async function turns(t: Test, mounts: readonly [Mounted, Mounted], files: number): Promise<void> {
  const edit = ({ guest, at }: Mounted, file: string, text: string, was: string) =>
    prints(t, guest, `perl /programs/edit.pl ${at}/${file} ${text}`, was);
  for (let number = 0; number < files; number += 1) {
    const file = `turns-${number}`;
    const [first, second] = number % 2 === 0 ? mounts : [mounts[1], mounts[0]];
    await edit(first, file, 'one', '');
    await edit(first, file, 'three', 'one');
    await edit(second, file, 'five-five', 'three');
    await edit(first, file, 'two', 'five-five');
    for (const { guest, at } of mounts) await prints(t, guest, `cat ${at}/${file}`, 'two');
  }
}

/** Two that read the same files, with a delegation each, while one of them writes now and then. */
export async function readers(t: Test, mounts: readonly [Mounted, Mounted], files: number): Promise<void> {
  for (let number = 0; number < files; number += 1) {
    const file = `read-${number}`;
    const [writer, reader] = number % 2 === 0 ? mounts : [mounts[1], mounts[0]];
    await prints(t, writer.guest, `echo old >${writer.at}/${file}`, '');
    for (const { guest, at } of [reader, writer, reader]) await prints(t, guest, `cat ${at}/${file}`, 'old');
    await prints(t, writer.guest, `echo newer >${writer.at}/${file}`, '');
    for (const { guest, at } of mounts) await prints(t, guest, `cat ${at}/${file}`, 'newer');
  }
}

/** Processes in several guests that add up in one file at the same time: nobody may count from an old number. */
export async function counters(t: Test, mounts: readonly Mounted[], times: number): Promise<void> {
  const counting = mounts.flatMap(({ guest, at }) =>
    [1, 2].map(() => guest.run(`perl /programs/count.pl ${at}/counter ${times}`)),
  );
  for (const { status, output } of await Promise.all(counting))
    t.same({ status, output }, { status: 0, output: '' });
  for (const { guest, at } of mounts)
    await prints(t, guest, `cat ${at}/counter`, String(counting.length * times));
}
