import t from 'tap';
import { HistoryFormatError, parseHistory } from '../../../src/history/parse-history.ts';

const start = '{"kind":"run","t":0,"event":"start","cluster":{"nodes":["n1"],"leaseMs":1000,"graceMs":2000}}';
const lock =
  '{"kind":"op","t":5,"phase":"invoke","id":1,"client":"alice","owner":"","node":"n1","op":"lock","file":"f","span":{"start":0,"end":null},"mode":"write"}';
const end = '{"kind":"run","t":9,"event":"end"}';

const parse = (...chunks: string[]) => parseHistory(chunks, 'history.jsonl');

t.test('lines may arrive in any pieces, and events in any order', async (t) => {
  const text = `${start}\n${end}\n${lock}\n`;
  const { history, remarks } = await parse(text.slice(0, 10), text.slice(10, 130), text.slice(130));
  t.same(
    history.map((event) => event.t),
    [0, 5, 9],
  );
  t.same(remarks, []);
});

t.test('a last line that a killed run left behind is dropped, and said so', async (t) => {
  const { history, remarks } = await parse(`${start}\n${lock}\n${end.slice(0, 20)}`);
  t.equal(history.length, 2);
  t.match(remarks, [/Line 3 of history.jsonl is cut short/]);
});

t.test('a whole last line without its newline counts', async (t) => {
  t.equal((await parse(`${start}\n${end}`)).history.length, 2);
});

t.test('a byte order mark before the first line is none of its letters', async (t) => {
  const text = `\uFEFF${start}\n${end}\n`;
  t.equal((await parse(text.slice(0, 1), text.slice(1))).history.length, 2);
  await t.rejects(parse(`${start}\n\uFEFF${end}\n`), { message: /line 2: not JSON/ }, 'and only there');
});

t.test('bad input is one sentence that names the line', async (t) => {
  const cases: [string, RegExp][] = [
    [`${start}\nnonsense\n${end}\n`, /^history\.jsonl, line 2: not JSON/],
    [`${start}\n[]\n`, /line 2: an event must be a JSON object\.$/],
    [`${start}\n{"t":1}\n`, /line 2: kind must be one of op, .*not missing\.$/],
    [
      `{"kind":"run","event":"end"}\n`,
      /line 1: t must be a number of nanoseconds, 0 or more, not missing\.$/,
    ],
    [`${lock.replace('"lock"', '"lok"')}\n`, /line 1: op must be one of open, .*not "lok"\.$/],
    [
      `${lock.replace('"start":0,"end":null', '"start":5,"end":5')}\n`,
      /line 1: span must be .*not \{"start":5,"end":5\}\.$/,
    ],
    [`${lock.replace('"id":1,', '')}\n`, /line 1: id must be a whole number, 0 or more, not missing\.$/],
    [`${start.replace('1000', '-1')}\n`, /line 1: cluster must be/],
    [
      `{"kind":"ledger","t":1,"sentAt":1,"node":"n1","incarnation":1,"command":"boot","ledger":{"view":1}}\n`,
      /ledger must be/,
    ],
    ['', /holds no events\.$/],
  ];
  for (const [text, expected] of cases) {
    const error = await parse(text).catch((thrown: unknown) => thrown);
    t.ok(error instanceof HistoryFormatError, text.slice(0, 60));
    t.match((error as Error).message, expected);
    t.notOk((error as Error).message.includes('\n'));
  }
});

const ledger = (more: string, member = '') =>
  `{"kind":"ledger","t":1,"sentAt":1,"node":"operator","incarnation":0,"command":"admit",${more}"ledger":{"view":3,"epoch":2,"recoveryEpoch":null,"beaconProvesDeath":true,"members":{"n1":{"incarnation":1,"state":"up","acknowledgedView":2${member}}}}}`;
const run = (domains: string) =>
  start.replace('"graceMs":2000', `"graceMs":2000,"domains":${domains},"fenceAfterMs":null`);

t.test('lock domains, heirs and operators are part of the format', async (t) => {
  const lines = [
    run('[{"name":"home","nodes":["n1"]},{"name":"work","nodes":["n1"]}]'),
    ledger('"domain":"home",', ',"heir":"n2","addressAt":"n2"'),
    ledger('"domain":"work",', ',"heir":null'),
    '{"kind":"node","t":3,"node":"n2","incarnation":1,"event":"inherited","peer":"n1","domain":"home"}',
    lock.replace('"file":"f"', '"file":"home/f","domain":"home"'),
    '{"kind":"audit","t":9,"event":"content","file":"home/f","domain":"home","value":"x"}',
  ];
  t.equal((await parse(`${lines.join('\n')}\n`)).history.length, lines.length);
  for (const [text, expected] of [
    [run('[{"name":"home"}]'), /cluster must be .*\{name, nodes\} for each of its domains/],
    [run('[{"name":"a","nodes":["n1"]},{"name":"a","nodes":["n2"]}]'), /cluster must be/],
    [ledger('"domain":"",'), /domain must be a text that is not empty/],
    [ledger('', ',"addressAt":7'), /ledger must be/],
    [lock.replace('"file":"f"', '"file":"f","domain":1'), /domain must be/],
  ] as const) {
    const error = await parse(`${text}\n`).catch((thrown: unknown) => thrown);
    t.match((error as Error).message, expected);
  }
});

t.test('what a newer writer adds is let through', async (t) => {
  const newer = '{"kind":"node","t":3,"node":"n1","incarnation":1,"event":"sleepwalking","mood":"calm"}';
  t.equal((await parse(`${start}\n${newer}\n`)).history.length, 2);
});

t.test('ranges are what they are in the text, whichever came before', async (t) => {
  const spans = [
    { start: 0, end: 8 },
    { start: 0, end: null },
    { start: 0, end: 8 },
    { start: 8, end: 9 },
    { start: 0, end: null },
  ];
  const lines = spans.map((span, id) => JSON.stringify({ ...JSON.parse(lock), t: id + 1, id, span }));
  const { history } = await parse(`${[start, ...lines].join('\n')}\n`);
  t.strictSame(
    history.slice(1).map((event) => (event.kind === 'op' ? event.span : null)),
    spans,
  );
});
