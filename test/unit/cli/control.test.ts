import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  askLab,
  type ControlRequest,
  serveControl,
  UnfinishedError,
} from '../../../src/cli/living/control.ts';
import { shortDirectory } from './short-directory.ts';

async function lab(t: Test, answer: (request: ControlRequest) => Promise<unknown>) {
  const directory = shortDirectory(t);
  const place = { name: 'a', directory, socket: path.join(directory, 's'), logs: directory };
  const server = await serveControl(place.socket, answer);
  t.teardown(() => void server.close());
  return place;
}

t.test('a question and its answer', async (t) => {
  const place = await lab(t, async (request) => ({ heard: request }));
  t.strictSame(await askLab(place, { command: 'why', domain: null }), {
    heard: { command: 'why', domain: null },
  });
});

t.test('a refusal of the lab is one sentence for the person', async (t) => {
  const place = await lab(t, async () => {
    throw new Error('n1 is up already');
  });
  await t.rejects(askLab(place, { command: 'status' }), { status: 64, message: 'n1 is up already.' });
});

t.test('what was begun and did not come about is no wrong usage', async (t) => {
  const place = await lab(t, async () => {
    throw new UnfinishedError('n1 did not come to before-inherit within 50 ms');
  });
  await t.rejects(askLab(place, { command: 'status' }), {
    status: 2,
    message: 'n1 did not come to before-inherit within 50 ms.',
  });
});

t.test('a lab that has hung is not waited for longer than one wants', async (t) => {
  const place = await lab(t, () => new Promise(() => {}));
  await t.rejects(askLab(place, { command: 'down' }, 1), {
    status: 3,
    message: /^the lab "a" does not answer \(no answer within 1 ms\)/,
  });
});

t.test('a lab that nobody listens for is named, with the remedy', async (t) => {
  const directory = shortDirectory(t);
  const place = { name: 'dead', directory, socket: path.join(directory, 's'), logs: directory };
  writeFileSync(place.socket, '');
  await t.rejects(askLab(place, { command: 'status' }), {
    status: 3,
    message:
      'the lab "dead" does not answer (nobody listens): take it down with `gracelab down --name dead`.',
  });
});

t.test('a lab whose socket is not there yet is coming up', async (t) => {
  const directory = shortDirectory(t);
  const place = { name: 'new', directory, socket: path.join(directory, 's'), logs: directory };
  await t.rejects(askLab(place, { command: 'status' }), { status: 3, message: /"new" is not up yet/ });
});

t.test('a lab that breaks off is named, with the remedy', async (t) => {
  const directory = shortDirectory(t);
  const place = { name: 'gone', directory, socket: path.join(directory, 's'), logs: directory };
  const server = createServer((socket) => socket.destroy()).listen(place.socket);
  t.teardown(() => void server.close());
  await once(server, 'listening');
  await t.rejects(askLab(place, { command: 'status' }), {
    status: 3,
    message: /"gone" does not answer.*gracelab down/,
  });
});
