import { PassThrough } from 'node:stream';
import t from 'tap';
import { converse } from '../../../src/cli/agents/conversation.ts';
import { BootWaiting } from '../../../src/cli/agents/node-agent/boot-waiting.ts';
import { labFencer } from '../../../src/cli/agents/node-agent/lab-fencer.ts';
import { asIncarnation, asNodeId } from '../../../src/core/ids.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

/** An agent's side, and the lab's: what it hears and says. */
function stage() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const heard: Record<string, unknown>[] = [];
  stdout.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) heard.push(JSON.parse(line));
  });
  const say = (message: object) => void stdin.write(`${JSON.stringify(message)}\n`);
  const conversation = converse(stdin, stdout);
  say({ node: 'n1' });
  return { conversation, heard, say, clock: new VirtualClock() };
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const LIFE = { node: asNodeId('n2'), incarnation: asIncarnation(3) };

t.test('I8: a node asks the lab to make sure that a life is over', async (t) => {
  const { conversation, heard, say, clock } = stage();
  const outcome = labFencer(conversation, clock, null).fence(LIFE);
  await settle();
  t.strictSame(heard, [{ request: 1, ask: 'fence', node: 'n2', incarnation: 3 }]);
  say({ answer: 1, ok: true });
  t.strictSame(await outcome, { outcome: 'gone' });
});

t.test('a lab that does not know, or does not answer, leaves it open', async (t) => {
  const { conversation, heard, say, clock } = stage();
  const fencer = labFencer(conversation, clock, 'home');
  const failed = fencer.fence(LIFE);
  await settle();
  t.match(heard, [{ domain: 'home' }]);
  say({ answer: 1, ok: false, error: 'the container does not end' });
  t.strictSame(await failed, { outcome: 'failed', reason: 'the container does not end' });
  const silent = fencer.fence(LIFE);
  await clock.advance(15_000);
  t.match(await silent, { outcome: 'failed', reason: /did not answer/ });
});

t.test('answers find their requests, and commands go their own way', async (t) => {
  const { conversation, say } = stage();
  conversation.serve(({ command }) => ({ heard: command }));
  const first = conversation.ask({ ask: 'a' });
  const second = conversation.ask({ ask: 'b' });
  say({ answer: 2, ok: true, word: 'second' });
  say({ id: 7, command: 'status' });
  say({ answer: 1, ok: true, word: 'first' });
  t.match(await Promise.all([first, second]), [{ word: 'first' }, { word: 'second' }]);
});

t.test('C9: a boot that waits says why, again and again, until it goes on', async (t) => {
  const clock = new VirtualClock();
  const said: string[] = [];
  const waiting = new BootWaiting(clock, (problem) => void said.push(problem));
  waiting.because('the ledger does not answer');
  waiting.because('the ledger does not answer');
  await clock.advance(2500);
  t.equal(said.length, 3);
  waiting.because('another process is n1');
  t.equal(said.at(-1), 'another process is n1');
  waiting.over();
  await clock.advance(5000);
  t.equal(said.length, 4);
});
