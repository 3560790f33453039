import t from 'tap';
import { openTerminal, wantsColours } from '../../../src/cli/terminal.ts';

const TTY = { isTTY: true };

t.test('colours: only on a terminal', async (t) => {
  t.equal(wantsColours(TTY, {}), true);
  t.equal(wantsColours({}, {}), false);
  t.equal(wantsColours({}, { FORCE_COLOR: '1', CI: '1' }), false);
});

t.test('colours: never with NO_COLOR, which counts when it is not empty', async (t) => {
  t.equal(wantsColours(TTY, { NO_COLOR: '1' }), false);
  t.equal(wantsColours(TTY, { NO_COLOR: '' }), true);
});

t.test('colours: not on a dumb terminal', async (t) => {
  t.equal(wantsColours(TTY, { TERM: 'dumb' }), false);
});

t.test('progress: written over by what comes next, and only on a terminal', async (t) => {
  const written: string[] = [];
  const stderr = {
    isTTY: true,
    columns: 10,
    write: (text: string | Uint8Array) => written.push(String(text)) > 0,
  };
  const terminal = openTerminal({ write: () => true }, stderr, {});
  terminal.progress('a long line of progress');
  terminal.message('done');
  t.strictSame(written, ['\r\u001b[2Ka long li', '\r\u001b[2K', 'done\n']);

  written.length = 0;
  openTerminal({ write: () => true }, { ...stderr, columns: 0 }, {}).progress('of unknown width');
  t.strictSame(written, ['\r\u001b[2Kof unknown width']);

  written.length = 0;
  openTerminal({ write: () => true }, { write: stderr.write }, {}).progress('x');
  t.strictSame(written, []);
});

t.test('progress: on a log, now and then a line of its own, where it is asked for', async (t) => {
  const written: string[] = [];
  const stderr = { write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
  let nowMs = 5000;
  const terminal = openTerminal({ write: () => true }, stderr, {}, () => nowMs);
  terminal.progress('too early', 100);
  nowMs += 100;
  terminal.progress('unasked');
  terminal.progress('half', 100);
  terminal.progress('right after it', 100);
  terminal.message('done');
  t.strictSame(written, ['half\n', 'done\n']);
});
