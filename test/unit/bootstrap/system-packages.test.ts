import t from 'tap';
import { requiredPrograms } from '../../../src/bootstrap/system-packages.cjs';

t.test('the list names a program and a package per line, and comments are no part of it', async (t) => {
  const required = requiredPrograms('tests');
  t.ok(required.length > 0);
  for (const { program, package: name } of required) {
    t.match(program, /^([a-z0-9._+-]+|\/[a-z0-9._+/-]+)$/);
    t.match(name, /^[a-z0-9.+-]+$/);
  }
  t.strictSame(
    required.find(({ program }) => program === 'ip'),
    { program: 'ip', package: 'iproute2' },
  );
});

t.test('a user of the lab installs nothing that only tests need', async (t) => {
  const names = requiredPrograms('lab').map(({ program }) => program);
  t.ok(names.includes('ip'));
  t.notOk(names.includes('dockerd'));
});
