import t from 'tap';
import { chooseScenarios, withNodes, withStore } from '../../../src/cli/scenario-files.ts';

t.test('no name means all scenarios that ship', async (t) => {
  const names = (await chooseScenarios([], '/')).map(({ name }) => name);
  for (const name of ['lost-update', 'overlap', 'planned-restart', 'reboot', 'reboot-twice'])
    t.ok(names.includes(name), name);
});

t.test('the tour is a selection, and a name is stronger than it', async (t) => {
  const tour = (await chooseScenarios([], '/', { tour: true })).map(({ name }) => name);
  t.ok(tour.includes('reboot') && tour.includes('failover'));
  t.notOk(tour.includes('ledger-lost'), 'nothing that needs an etcd');
  const named = await chooseScenarios(['barrier'], '/', { tour: true });
  t.strictSame(
    named.map(({ name }) => name),
    ['barrier'],
  );
});

t.test('further nodes get names that nobody has', async (t) => {
  const [scenario] = await chooseScenarios(['reboot'], '/');
  if (scenario === undefined) return t.fail('there is no scenario called reboot');
  t.strictSame(withNodes(scenario, 5).cluster.nodes, ['n1', 'n2', 'n3', 'n4', 'n5']);
  t.equal(withNodes(scenario, undefined), scenario);
  const client = { ...scenario, clients: [{ name: 'n4', node: 'n1' }] };
  t.strictSame(withNodes(client, 4).cluster.nodes.at(-1), 'n5');
});

t.test('further nodes are in every lock domain, and spares keep their names', async (t) => {
  const [membership] = await chooseScenarios(['membership'], '/');
  t.match(withNodes(membership!, 4).cluster, {
    nodes: ['n1', 'n2', 'n3', 'n5'],
    domains: [{ nodes: ['n1', 'n2', 'n3', 'n4', 'n5'] }],
  });
});

t.test('the ledger may be kept elsewhere, where the scenario does not break it', async (t) => {
  const [reboot, ledgerLost] = await chooseScenarios(['reboot', 'ledger-lost'], '/');
  t.equal(withStore(reboot!, 'etcd').cluster.store, 'etcd');
  t.equal(withStore(reboot!, undefined), reboot);
  t.throws(() => withStore(ledgerLost!, 'sqlite'), {
    status: 64,
    message: /^the scenario ledger-lost cannot be run with --store sqlite: the ledger .* is a file/,
  });
});
