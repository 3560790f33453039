import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { PROTOCOL_STEP_NAMES } from '../../../src/core/protocol-steps.ts';
import { FAULTS, faultRefusal } from '../../../src/faults/registry.ts';
import { parseMessage } from '../../../src/faults/relay/message-phrase.ts';
import { OPERATION_NAMES } from '../../../src/faults/relay/operation-names.ts';
import { OPERATIONS } from '../../../src/nfs4/operations/index.ts';

const forAWhile = { downMs: 100 };
const lock = { message: 'the reply to the third LOCK' };

/** By fault: parameters that it takes, and parameters that it refuses, with what it says of them. */
const EXAMPLES: Readonly<Record<string, { takes: object[]; refuses: [object, RegExp][] }>> = {
  'power-cut': { takes: [{}, forAWhile, { stayDown: true }], refuses: [[{ share: 1 }, /share/]] },
  kill: { takes: [{}, forAWhile], refuses: [[{ downMs: -1 }, /downMs/]] },
  restart: { takes: [{}, forAWhile], refuses: [[{ at: 'x' }, /at/]] },
  pause: { takes: [forAWhile, { stayDown: true }], refuses: [[{}, /either a length or no end/]] },
  crash: {
    takes: [{ at: 'amid-reclaim' }, { at: 'before-lift', nth: 2, how: 'kill', maybe: true, downMs: 5 }],
    refuses: [
      [{}, /"at" names a step of the protocol, one of between-beacon-and-boot-swap, /],
      [{ at: 'lunch' }, /"at" names a step/],
      [{ at: 'before-lift', nth: 0 }, /nth/],
      [{ at: 'before-lift', stayDown: true, downMs: 5 }, /stays down has no downMs/],
    ],
  },
  stall: {
    takes: [
      { at: 'before-acknowledgement', ...forAWhile },
      { at: 'before-lift', ...forAWhile, maybe: true },
    ],
    refuses: [
      [forAWhile, /"at" names a step/],
      [{ at: 'before-lift' }, /downMs/],
      [{ at: 'before-lift', ...forAWhile, how: 'kill' }, /how/],
      [{ at: 'before-lift', downMs: 600_001 }, /downMs/],
    ],
  },
  'slow-boot': {
    takes: [{}, forAWhile, { at: 'between-beacon-and-boot-swap' }],
    refuses: [
      [{ at: 'before-lift' }, /at/],
      [{ downMs: 60_000 }, /downMs/],
      [{ stayDown: true }, /stayDown/],
    ],
  },
  'reboot-storm': { takes: [{}, { times: 5, aliveMs: 100, downMs: 0 }], refuses: [[{ times: 0 }, /times/]] },
  'clock-skew': {
    takes: [{}, { aheadMs: 0 }],
    refuses: [
      [{ aheadMs: -1000 }, /aheadMs/],
      [{ aheadMs: 1500 }, /aheadMs/],
    ],
  },
  'client-crash': { takes: [{}, { stayDown: true }], refuses: [[{ at: 'before-lift' }, /at/]] },
  'client-restart': { takes: [{}, forAWhile], refuses: [[{ from: ['n1'] }, /from/]] },
  partition: { takes: [{ from: ['n2'], ...forAWhile }], refuses: [[forAWhile, /from/]] },
  loss: {
    takes: [forAWhile, { stayDown: true, share: 0.5, from: ['alice'] }],
    refuses: [
      [{ ...forAWhile, share: 2 }, /share/],
      [{}, /either a length or no end/],
    ],
  },
  reset: { takes: [forAWhile], refuses: [[{}, /either a length or no end/]] },
  'drop-message': {
    takes: [
      { ...lock, ...forAWhile },
      { message: 'RECLAIM_COMPLETE', stayDown: true, times: 3 },
    ],
    refuses: [
      [forAWhile, /"message" says which message/],
      [{ message: 'the third FLOCK', ...forAWhile }, /"FLOCK" in "the third FLOCK" is no operation/],
      [{ ...lock }, /either a length or no end/],
      [{ ...lock, ...forAWhile, byMs: 5 }, /byMs/],
    ],
  },
  'delay-message': {
    takes: [{ ...lock, ...forAWhile, byMs: 5 }],
    refuses: [[{ ...lock, ...forAWhile, byMs: 0 }, /byMs/]],
  },
  'duplicate-message': {
    takes: [{ ...lock, ...forAWhile }],
    refuses: [[{ ...lock, ...forAWhile, times: 0 }, /times/]],
  },
  'reorder-message': { takes: [{ ...lock, ...forAWhile, patienceMs: 5 }], refuses: [[forAWhile, /message/]] },
  'reset-message': { takes: [{ ...lock, ...forAWhile }], refuses: [[forAWhile, /message/]] },
  'ledger-slow': {
    takes: [forAWhile, { delayMs: 5, stayDown: true }],
    refuses: [[{ ...forAWhile, delayMs: 0 }, /delayMs/]],
  },
  'ledger-gone': { takes: [forAWhile], refuses: [[{}, /either a length or no end/]] },
  'ledger-full': { takes: [{ stayDown: true }], refuses: [[{ share: 1, ...forAWhile }, /share/]] },
  'stable-lost': { takes: [{}, forAWhile], refuses: [[{ at: 'x' }, /at/]] },
  'stable-read-only': { takes: [{}, forAWhile], refuses: [[{ stayDown: true }, /stayDown/]] },
};

t.test('each fault takes what it needs and refuses the rest, in one sentence', async (t) => {
  t.strictSame(Object.keys(EXAMPLES), [...FAULTS.keys()], 'every fault has its examples');
  for (const [name, { takes, refuses }] of Object.entries(EXAMPLES)) {
    for (const parameters of takes) t.equal(faultRefusal(name, parameters), null, name);
    for (const [parameters, why] of refuses) {
      const refusal = faultRefusal(name, parameters);
      t.match(refusal, why, name);
      t.match(refusal, new RegExp(`^the fault "${name}" cannot be done like that:`));
    }
  }
});

t.test('docs/faults.md has a row for each fault, with its targets, parameters and needs', async (t) => {
  const page = readFileSync(new URL('../../../docs/faults.md', import.meta.url), 'utf8');
  const marked = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ');
  for (const { name, targets, from, options, needs } of FAULTS.values()) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    const [, , hits, parameters, , needed] = (row ?? '').split('|').map((cell) => cell.trim());
    const own = [...(from === 'none' ? [] : ['from']), ...Object.keys(options)];
    t.strictSame([hits, parameters, needed], [targets.join(', '), marked(own), marked(needs)], name);
  }
});

t.test('messages are named by the operations that the codecs know', async (t) => {
  t.strictSame(
    OPERATION_NAMES,
    OPERATIONS.map(({ name }) => name),
  );
});

t.test('a message is named in words', async (t) => {
  const parse = (text: string) => parseMessage(text, OPERATION_NAMES);
  t.strictSame(parse('RECLAIM_COMPLETE'), {
    direction: 'call',
    operation: 'RECLAIM_COMPLETE',
    nth: 1,
    client: null,
  });
  t.strictSame(parse('OPEN reply'), { direction: 'reply', operation: 'OPEN', nth: 1, client: null });
  t.strictSame(parse('the reply to the third LOCK of alice'), {
    direction: 'reply',
    operation: 'LOCK',
    nth: 3,
    client: 'alice',
  });
  t.match(parse('the 12th call of LOCKU'), { refused: /names no/ });
  t.match(parse('12th LOCKU'), { nth: 12, operation: 'LOCKU' });
  t.match(parse('any reply'), { direction: 'reply', operation: null });
  t.match(parse('the reply'), { refused: /names no operation/ });
});

t.test('each named step is announced by the code, and explained in docs/faults.md', async (t) => {
  const root = new URL('../../../', import.meta.url);
  const page = readFileSync(new URL('docs/faults.md', root), 'utf8');
  const code = ['src/server', 'src/cli/agents/node-agent']
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, root), 'utf8'))
    .join('\n');
  for (const step of PROTOCOL_STEP_NAMES) {
    t.ok(page.includes(`\`${step}\``), `${step} in the docs`);
    t.ok(code.includes(`'${step}'`), `${step} in the code`);
  }
});
