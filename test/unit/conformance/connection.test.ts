import t from 'tap';
import { op } from '../../../src/client/compound-probe.ts';
import { Connection } from '../../../src/conformance/connection.ts';
import { ROOT, serverUnderTest } from '../../../src/conformance/server-under-test.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

/** A server that answers nothing, and says how many connections to it are open. */
function silentServer({ dialMs = 0 } = {}) {
  const clock = new VirtualClock();
  const lines = { dialled: 0, open: 0 };
  const server = serverUnderTest({
    ...{ host: 'silent', port: 1, clock, random: () => 0.5, parallel: 1 },
    dial: async () => {
      lines.dialled += 1;
      await new Promise<void>((stands) => void clock.after(dialMs, stands));
      lines.open += 1;
      const close = () => {
        lines.open -= 1;
      };
      return { send: () => {}, close };
    },
  });
  const connection = new Connection(server, ROOT, 1);
  const asking = () => connection.alone((send) => send(op(putRootFh, {})));
  return { clock, lines, connection, asking };
}

t.test('what still waits for its turn when the client has left is not said, and dials nobody', async (t) => {
  const { clock, lines, connection, asking } = silentServer();
  const asked = [t.rejects(asking()), t.rejects(asking(), { message: 'the client has left' })];
  await clock.advance(10);
  t.same(lines, { dialled: 1, open: 1 });
  connection.close();
  await Promise.all(asked);
  t.same(lines, { dialled: 1, open: 0 });
});

t.test('a client that leaves while it dials leaves no connection behind', async (t) => {
  const { clock, lines, connection, asking } = silentServer({ dialMs: 100 });
  const asked = t.rejects(asking(), { message: 'the client has left' });
  await clock.advance(10);
  connection.close();
  await clock.advance(100);
  await asked;
  t.same(lines, { dialled: 1, open: 0 });
});

t.test('one that was cut dials again', async (t) => {
  const { clock, lines, connection, asking } = silentServer();
  const asked = [t.rejects(asking()), t.rejects(asking())];
  await clock.advance(10);
  connection.cut();
  await clock.advance(10);
  t.same(lines, { dialled: 2, open: 1 });
  connection.close();
  await Promise.all(asked);
});
