import pc from 'picocolors';
import t from 'tap';
import { statusText } from '../../../src/cli/living/status-text.ts';

t.test('a node that the lab has paused is called so, and not silent', async (t) => {
  const node = {
    name: 'n1',
    address: '10.0.0.1',
    running: true,
    paused: true,
    serving: true,
    node: null,
  };
  const status = {
    name: 'lab',
    upSince: '2026-01-02T03:04:05.000Z',
    leaseMs: 1000,
    graceMs: 1000,
    nodes: [node, { ...node, name: 'n2', paused: false }],
    clients: [],
    trouble: null,
  };
  const [, first, second] = statusText(status, pc.createColors(false)).split('\n');
  t.match(first, /n1 .* paused$/);
  t.match(second, /n2 .* silent$/);
});
