import t from 'tap';
import { chooseScenarios, withNodes } from '../../../src/cli/scenario-files.ts';

t.test('no name means all scenarios that ship', async (t) => {
  const names = (await chooseScenarios([], '/')).map(({ name }) => name);
  for (const name of ['lost-update', 'overlap', 'planned-restart', 'reboot', 'reboot-twice'])
    t.ok(names.includes(name), name);
});

t.test('further nodes get names that nobody has', async (t) => {
  const [scenario] = await chooseScenarios(['reboot'], '/');
  if (scenario === undefined) return t.fail('there is no scenario called reboot');
  t.strictSame(withNodes(scenario, 5).cluster.nodes, ['n1', 'n2', 'n3', 'n4', 'n5']);
  t.equal(withNodes(scenario, undefined), scenario);
  const client = { ...scenario, clients: [{ name: 'n4', node: 'n1' }] };
  t.strictSame(withNodes(client, 4).cluster.nodes.at(-1), 'n5');
});
