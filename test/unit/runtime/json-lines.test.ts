import { PassThrough } from 'node:stream';
import t from 'tap';
import { JsonLines } from '../../../src/runtime/namespace/json-lines.ts';

function pair() {
  const [out, incoming, stray] = [new PassThrough(), new PassThrough(), [] as string[]];
  return { out, incoming, stray, lines: new JsonLines(out, incoming, (line) => stray.push(line)) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

t.test('messages come in order however the bytes are cut', async (t) => {
  const { incoming, lines } = pair();
  const heard: unknown[] = [];
  lines.onMessage((message) => heard.push(message));
  for (const piece of ['{"a":', '1}\n{"b":2}\n', '{"c":"é', '"}\n']) incoming.write(piece);
  await settle();
  t.strictSame(heard, [{ a: 1 }, { b: 2 }, { c: 'é' }]);
});

t.test('what came before the first listener is not lost', async (t) => {
  const { incoming, lines } = pair();
  incoming.write('{"early":true}\n');
  await settle();
  const heard: unknown[] = [];
  lines.onMessage((message) => heard.push(message));
  t.strictSame(heard, [{ early: true }]);
});

t.test('a line that is no JSON is handed on as it is, also the last one without an end', async (t) => {
  const { incoming, stray } = pair();
  incoming.end('hello\n\n{broken');
  await settle();
  await settle();
  t.strictSame(stray, ['hello', '{broken']);
});

t.test('sending to a program that has gone is no error', async (t) => {
  const { out, lines } = pair();
  lines.send({ a: 1 });
  t.equal(out.read()?.toString(), '{"a":1}\n');
  out.destroy(new Error('EPIPE'));
  await settle();
  t.doesNotThrow(() => lines.send({ b: 2 }));
});
