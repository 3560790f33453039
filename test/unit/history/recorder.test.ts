import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { HistoryEvent } from '../../../src/history/events.ts';
import { fileSink, loadHistory } from '../../../src/history/history-file.ts';
import { HistoryFormatError } from '../../../src/history/parse-history.ts';
import { HistoryRecorder, HistoryWriteError } from '../../../src/history/recorder.ts';

const step = (at: number, text: string): HistoryEvent => ({ kind: 'run', t: at, event: 'step', text });

t.test('the file keeps the order of arrival, the history the order of time', async (t) => {
  const path = join(t.testdir(), 'history.jsonl');
  using recorder = new HistoryRecorder(fileSink(path));
  recorder.record(step(2, 'second'));
  t.equal(readFileSync(path, 'utf8').split('\n').length, 2, 'written as it goes');
  recorder.record(step(1, 'first'));
  t.same(
    recorder.arrived.map(({ t }) => t),
    [2, 1],
  );
  t.same(
    recorder.history().map(({ t }) => t),
    [1, 2],
  );
  t.same((await loadHistory(path)).history, recorder.history());
});

t.test('events of one instant keep the order of their arrival', async (t) => {
  const recorder = new HistoryRecorder();
  for (const text of ['a', 'b', 'c']) recorder.record(step(7, text));
  t.same(
    recorder.history().map((event) => (event.kind === 'run' ? event.text : '')),
    ['a', 'b', 'c'],
  );
});

t.test('listeners hear of events until they stop listening', async (t) => {
  const recorder = new HistoryRecorder();
  const heard: number[] = [];
  const stop = recorder.onEvent(({ t }) => heard.push(t));
  recorder.record(step(1, 'a'));
  stop();
  recorder.record(step(2, 'b'));
  t.same(heard, [1]);
});

t.test('a file that is there already, or cannot be written, is one sentence', async (t) => {
  const dir = t.testdir({ 'history.jsonl': '' });
  t.throws(() => fileSink(join(dir, 'history.jsonl')), HistoryWriteError);
  t.throws(() => fileSink(join(dir, 'no', 'such', 'folder')), {
    message: /^cannot start the history at .*: there is no such place$/,
  });
});

t.test('what the sink cannot take reaches whoever records', async (t) => {
  const recorder = new HistoryRecorder({
    append: () => {
      throw new HistoryWriteError('cannot go on with the history at x: ENOSPC');
    },
    close: () => {},
  });
  t.throws(() => recorder.record(step(1, 'a')), HistoryWriteError);
});

t.test('a history that is not there is one sentence', async (t) => {
  await t.rejects(loadHistory(join(t.testdir(), 'none')), HistoryFormatError);
});
