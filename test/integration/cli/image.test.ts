import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { finish, ROOT, temporaryDirectory } from './gracelab.ts';

const BUILD = path.join(ROOT, 'images/build.ts');

t.test(
  'the image is a root filesystem in which gracelab runs',
  { skip: process.getuid?.() !== 0 && 'chroot needs root' },
  async (t) => {
    const directory = temporaryDirectory(t);
    const tar = path.join(directory, 'image.tar');
    t.match(await finish(process.execPath, [BUILD, tar]), { status: 0, stderr: '' });
    t.match(await finish('tar', ['xf', tar, '-C', directory]), { status: 0 });
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    t.match(await finish('/usr/sbin/chroot', [directory, '/usr/bin/gracelab', '--version']), {
      status: 0,
      stdout: `${version}\n`,
    });
    const doctor = await finish('/usr/sbin/chroot', [directory, '/usr/bin/gracelab', 'doctor', '--json']);
    const missing = JSON.parse(doctor.stdout).abilities.filter(
      (ability: { need: string; present: boolean; detail: string }) =>
        ability.need === 'required' && /not installed|cannot find/i.test(ability.detail),
    );
    t.strictSame(missing, [], 'all programs and libraries that the lab needs are in it');
  },
);

t.test('the same inputs give the same bytes', async (t) => {
  const directory = temporaryDirectory(t);
  const tars = ['1.tar', '2.tar'].map((name) => path.join(directory, name));
  for (const tar of tars) t.match(await finish(process.execPath, [BUILD, tar]), { status: 0 });
  t.match(await finish('cmp', tars), { status: 0 });
});

t.test('without a name for the tar there is a sentence on how to use it', async (t) => {
  t.match(await finish(process.execPath, [BUILD]), {
    status: 64,
    stderr: /^usage: node images\/build\.ts OUT\.tar/,
  });
});
