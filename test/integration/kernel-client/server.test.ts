/** The client of the Linux kernel, in a virtual machine, and a server of its own on this one. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { GuestImage } from '../../../src/runtime/vm/guest-image.ts';
import { place, Serving, stateOf, type } from '../serve/fixtures/serving.ts';
import { Guest } from './guest.ts';
import { guestImage } from './guest-image.ts';
import { holders, leaveStraggler, mounted, powerCut, prints, unmounted } from './mounts.ts';
import { Rival } from './rival.ts';

const ENTRIES = 5000;
const LARGE = 4 << 20;
/** Long enough for a client on a busy machine to be back in time. */
const TIMES = ['--lease', '20', '--grace', '20', '--export', '/data'] as const;

t.setTimeout(1_700_000);
const image = await guestImage(t);
t.test('the client of the Linux kernel', { skip: typeof image === 'string' && image }, async (t) => {
  const served = place(t);
  const { ready } = await Serving.start(t, served, ...TIMES);
  const { port, address: host } = ready;
  await using guest = await Guest.start({ image: image as GuestImage, name: 'alone' });
  const mounts = [
    await mounted(t, guest, '/mnt/0', { version: '4.0', port, path: '/data' }),
    await mounted(t, guest, '/mnt/1', { version: '4.1', port, path: '/data', options: ',nosharecache' }),
    await mounted(t, guest, '/mnt/2', { version: '4.2', port, path: '/data', options: ',nconnect=2' }),
  ] as const;
  const rival = new Rival(t, { host, port, directory: 'data/' });
  await t.test('what programs do to files', async (t) => {
    const answers = [
      ...['exclusive ok 17', 'renamed over new old', 'removed unseen gone', 'mapped ......mapped......'],
      ...['appended 20 20', 'shared 2 0 ok 11', 'acl 95', 'clone ok', 'names ok 36'],
      ...['large 1099511627776', 'stranger 13 13'],
    ];
    for (const [here, other] of [mounts, [...mounts].reverse()]) {
      await prints(t, guest, `perl /programs/details.pl ${here?.at} ${other?.at}`, answers.join('\n'));
      await prints(t, guest, `rm -r ${here?.at}/* && ls -A ${here?.at}`, '');
    }
  });
  await t.test('a large directory, a large file, and how much room there is', async (t) => {
    mkdirSync(path.join(served, 'large'));
    for (let number = 0; number < ENTRIES; number += 1)
      writeFileSync(path.join(served, 'large', `f${number}`), '');
    const bytes = randomBytes(LARGE);
    writeFileSync(path.join(served, 'bytes'), bytes);
    const sum = createHash('md5').update(bytes).digest('hex');
    for (const { at } of mounts) {
      await prints(t, guest, `ls ${at}/large | sort -u | wc -l`, String(ENTRIES));
      await prints(t, guest, `cp ${at}/bytes ${at}/copy && md5sum <${at}/copy`, `${sum}  -`);
      t.ok(readFileSync(path.join(served, 'copy')).equals(bytes), 'the same on the disk');
      await prints(t, guest, `stat -f -c %l ${at}`, '255');
      t.match(await guest.run(`df -P ${at}`), { status: 0, output: /% \/mnt\/\d$/ });
    }
  });
  await t.test('locks survive SIGKILL and a new start of the server', async (t) => {
    const held = await holders(t, mounts, 'kept');
    await leaveStraggler(t, rival);
    const cut = async () => {
      t.match(await type('server-helper', stateOf(served), 'reboot'), { status: 0, stderr: '' });
    };
    await powerCut(t, held, { rival, cut });
  });
  for (const mount of mounts) await unmounted(t, mount);
});
