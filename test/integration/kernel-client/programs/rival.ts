/**
 * Clients of our own, wherever the server can be reached: `node rival.ts`. Each line of JSON on stdin (RivalOrder) names a client, which
 * is started when it is named for the first time, and what it is to do; each gets a line of JSON with what came of it.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../../../src/cli/agents/surroundings.ts';
import { NfsClient } from '../../../../src/client/nfs-client.ts';
import { ownerIdOf, RANGE, type RivalOrder } from '../rival.ts';

const clients = new Map<string, Promise<NfsClient>>();

function clientOf({ client, host, port }: RivalOrder): Promise<NfsClient> {
  const known = clients.get(client);
  if (known !== undefined) return known;
  const name = ownerIdOf(client);
  const begun = NfsClient.connect({ name, host, port, clock: systemClock, random: Math.random });
  clients.set(client, begun);
  return begun;
}

async function obey(order: RivalOrder): Promise<{ readonly status: string; readonly text?: string }> {
  const { client: name, create = true, retry = 'none', timeoutMs } = order;
  const client = await clientOf(order);
  const file = client.file(order.file, { owner: name, create });
  const limits = timeoutMs === undefined ? {} : { timeoutMs };
  switch (order.do) {
    case 'open':
      return file.open(retry, limits);
    case 'lock':
      return file.lock({ ...RANGE, retry, ...limits });
    case 'unlock':
      return file.unlock({ ...RANGE, ...limits });
    case 'close':
      return file.close(limits);
    case 'read': {
      const { status, data } = await file.read(0, 100, limits);
      return { status, text: data.toString('utf8') };
    }
    case 'abandon':
      client.abandon();
      return { status: 'OK' };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  // Of a refused lock the holder is told as well, in numbers that JSON does not have.
  const { status, text } = await obey(JSON.parse(line) as RivalOrder);
  process.stdout.write(`${JSON.stringify({ status, text })}\n`);
}
process.exit(0);
