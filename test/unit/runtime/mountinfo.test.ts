import t from 'tap';
import { escapeField, isWithin, planRoot, quote } from '../../../src/runtime/namespace/container-root.ts';
import { readMounts } from '../../../src/runtime/namespace/mountinfo.ts';

t.test(
  'mount points and flags are read from mountinfo, blanks in octal, optional fields or not',
  async (t) => {
    const text = [
      '36 35 98:0 /mnt1 /mnt/with\\040blank rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
      '37 35 0:4 / /proc ro,nosuid,nodev - proc proc rw',
      '',
    ].join('\n');
    t.strictSame(readMounts(text), [
      { point: '/mnt/with blank', flags: ['rw', 'noatime'] },
      { point: '/proc', flags: ['ro', 'nosuid', 'nodev'] },
    ]);
  },
);

t.test('what is written into a mount table is read back as it was', async (t) => {
  const path = '/a b\tc\\d#e';
  t.equal(escapeField(path), '/a\\040b\\011c\\134d\\043e');
  t.equal(readMounts(`1 2 0:1 / ${escapeField(path)} rw - tmpfs x rw\n`)[0]?.point, path);
});

t.test('a directory is within itself and its ancestors, not within a longer name', async (t) => {
  t.ok(isWithin('/tmp', '/tmp'));
  t.ok(isWithin('/tmp/a', '/tmp'));
  t.ok(isWithin('/tmp', '/'));
  t.notOk(isWithin('/tmpfiles', '/tmp'));
  t.notOk(isWithin('/', '/tmp'));
});

t.test('a quoted word is one word for a shell', async (t) => {
  t.equal(quote("it's $HOME"), "'it'\\''s $HOME'");
});

t.test("the containers' root has the host's entries, but the lab's own places are its own", async (t) => {
  const plan = planRoot(['/srv/gracelab', '/var/lib/gracelab']);
  const bound = plan.binds.map(({ target }) => target);
  t.ok(bound.includes('/usr') && bound.includes('/etc'));
  for (const own of [
    '/proc',
    '/sys',
    '/run',
    '/tmp',
    '/srv',
    '/var',
    '/var/lib',
    '/srv/gracelab',
    '/var/lib/gracelab',
  ]) {
    t.notOk(bound.includes(own), own);
    t.ok(plan.directories.includes(own), own);
  }
});
