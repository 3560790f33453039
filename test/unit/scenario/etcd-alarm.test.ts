import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Clock } from '../../../src/core/clock.ts';
import { raiseSpaceAlarm } from '../../../src/scenario/etcd-alarm.ts';

/** Time that does not pass but by `runOut`. */
class Patience {
  readonly #ends = new Set<() => void>();
  readonly clock: Clock = {
    nowMs: () => 0,
    after: (_ms, then) => {
      this.#ends.add(then);
      return () => this.#ends.delete(then);
    },
  };

  runOut(): void {
    for (const end of this.#ends) end();
  }
}

async function listening(t: { teardown(end: () => void): void }, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('a member that takes the question and never answers holds nobody up', async (t) => {
  const asked: string[] = [];
  const patience = new Patience();
  const paused = await listening(t, () => patience.runOut());
  const answers = await listening(t, async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    asked.push(`${request.url} ${body.action ?? ''}`.trim());
    response.end(JSON.stringify({ header: { member_id: '7' } }));
  });
  const takeBack = await raiseSpaceAlarm([paused, answers], patience.clock);
  await takeBack();
  t.strictSame(asked, [
    '/v3/maintenance/status',
    '/v3/maintenance/alarm ACTIVATE',
    '/v3/maintenance/alarm DEACTIVATE',
  ]);
  await t.rejects(raiseSpaceAlarm([paused], patience.clock), {
    message: /no member of the etcd cluster answers/,
  });
});
