import t, { type Test } from 'tap';
import { PROTOCOL_STEP_NAMES } from '../../../src/core/protocol-steps.ts';
import { FAULTS } from '../../../src/faults/registry.ts';
import { gracelab } from './capture.ts';

async function refused(t: Test, argv: readonly string[], sentence: RegExp): Promise<void> {
  const { status, stdout, stderr } = await gracelab(['fault', ...argv]);
  t.equal(status, 64, argv.join(' '));
  t.match(stderr, sentence);
  t.equal(stdout, '');
}

t.test('--list prints the whole menu, for people', async (t) => {
  const { status, stdout } = await gracelab(['fault', '--list']);
  t.equal(status, 0);
  for (const name of [...FAULTS.keys(), ...PROTOCOL_STEP_NAMES]) t.match(stdout, name);
  t.match(stdout, /loss: .*\n {4}hits: node, store, client; from: optional; needs: packet-loss\n {4}share: /);
});

t.test('--list --json has targets, parameters and needs of each fault, for programs', async (t) => {
  const { stdout } = await gracelab(['fault', '--list', '--json']);
  const { faults, targets, roles, steps } = JSON.parse(stdout);
  t.strictSame(
    faults.map(({ name }: { name: string }) => name),
    [...FAULTS.keys()],
  );
  t.match(
    faults.find(({ name }: { name: string }) => name === 'crash'),
    { targets: ['node'], from: 'none', mendedBy: 'start', endsLife: true, needs: ['named-steps'] },
  );
  t.match(targets, { node: ['one', 'minority', 'majority', 'all'] });
  t.ok('heir' in roles);
  t.strictSame(Object.keys(steps), PROTOCOL_STEP_NAMES);
});

t.test('what is wrong with a fault is said before any lab is asked', async (t) => {
  await refused(t, [], /what is to be broken\? `gracelab fault --list`/);
  await refused(t, ['crash', 'n1'], /"at" names a step of the protocol/);
  await refused(t, ['crash', 'n1', '--at', 'lunch'], /"at" names a step of the protocol/);
  await refused(t, ['loss', 'n1', '--with', 'share=3'], /share/);
  await refused(t, ['loss', 'n1', '--with', 'share=3'], /share: a number from 0\.001 to 1, not 3\.\n$/);
  await refused(t, ['loss', 'n1', '--with', 'downMs=5'], /downMs has an option of its own.*--down 500ms/);
  await refused(t, ['loss', 'n1', '--with', 'from=alice'], /--from alice/);
  await refused(t, ['loss', 'n1', '--with', 'share'], /"share" is no parameter/);
  await refused(t, ['loss', 'n1', '--one-way'], /--one-way belongs to a partition/);
  await refused(t, ['kill', 'n1', '--from', 'alice'], /--from belongs to a partition/);
  await refused(t, ['toString', 'n1'], /there is no fault "toString"/);
  await refused(t, ['migrate', 'n1', 'n2', '--with', 'x=1'], /migrate takes neither/);
  // Four words, of which three are targets: as scenarios write it.
  await refused(t, ['migrate', 'home', 'n1', 'to', 'n2', '--with', 'x=1'], /migrate takes neither/);
  await refused(t, ['migrate', 'home', 'n1', 'with', 'n2'], /whose address moves/);
  await refused(t, ['drop-message', 'n1'], /"message" says which message/);
});
