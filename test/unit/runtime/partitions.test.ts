import t from 'tap';
import { cutRules, cutsBetween } from '../../../src/runtime/namespace/partitions.ts';

t.test('one way closes the ways from the first group to the second only', async (t) => {
  t.strictSame(cutsBetween(['n1'], ['n2', 'n3'], 'one-way'), [
    { from: 'n1', to: 'n2' },
    { from: 'n1', to: 'n3' },
  ]);
});

t.test('both directions close the ways back as well', async (t) => {
  t.strictSame(cutsBetween(['n1'], ['n2'], 'both'), [
    { from: 'n1', to: 'n2' },
    { from: 'n2', to: 'n1' },
  ]);
});

t.test('the rules replace those before them, and name each way once', async (t) => {
  const cut = { from: 'n1', to: 'n2' };
  const rules = cutRules([cut, { from: 'n3', to: 'n2' }, cut]);
  t.match(rules, /^add table bridge gracelab\ndelete table bridge gracelab\ntable bridge gracelab \{/);
  t.match(rules, 'elements = { "n1" . "n2", "n3" . "n2" }');
});

t.test('without a cut there is no rule', async (t) => {
  t.equal(cutRules([]), 'add table bridge gracelab\ndelete table bridge gracelab\n');
});
