/**
 * The checkers on a history of one's own: a test harness for some other lock server has written down what its clients asked and were
 * answered, one JSON object a line. Was it right?
 *
 *     node docs/examples/checking.ts [HISTORY.jsonl]     (in a checkout: node --conditions=gracelab-source ...)
 *
 * Without a file it judges the story below: n1 loses its power, n2 gives alice's lock to a thief, and alice reclaims it as if nothing
 * had happened. docs/history-format.md says what events there are; what a harness does not know it leaves out, and the checks that need it say so.
 */
import { createReadStream } from 'node:fs';
import { type HistoryEvent, judge, parseHistory } from 'gracelab/check';

const MS = 1_000_000;
const at = (ms: number) => ({ t: ms * MS });

let lastId = 0;
/** A lock request that took a millisecond. */
function lock(ms: number, client: string, node: string, reclaim = false): HistoryEvent[] {
  lastId += 1;
  const span = { start: 0, end: 32 };
  const request = {
    kind: 'op',
    id: lastId,
    client,
    owner: client,
    node,
    op: 'lock',
    file: 'accounts',
  } as const;
  const whole = { ...request, span, mode: 'write', reclaim } as const;
  return [
    { ...whole, ...at(ms), phase: 'invoke' },
    { ...whole, ...at(ms + 1), phase: 'ok' },
  ];
}

const session = (ms: number, client: string, node: string): HistoryEvent[] => [
  { kind: 'client', ...at(ms), client, node, event: 'session' },
];

const STORY: HistoryEvent[] = [
  { kind: 'run', ...at(0), event: 'start', cluster: { nodes: ['n1', 'n2'], leaseMs: 1000, graceMs: 2000 } },
  ...session(1, 'alice', 'n1'),
  ...session(1, 'thief', 'n2'),
  ...lock(10, 'alice', 'n1'),
  { kind: 'fault', ...at(20), phase: 'begin', fault: 'power-cut', targets: ['n1'] },
  ...lock(25, 'thief', 'n2'),
  { kind: 'fault', ...at(500), phase: 'end', fault: 'power-cut', targets: ['n1'] },
  ...session(510, 'alice', 'n1'),
  ...lock(520, 'alice', 'n1', true),
  { kind: 'run', ...at(600), event: 'end' },
];

const [file] = process.argv.slice(2);
const lines = STORY.map((event) => `${JSON.stringify(event)}\n`);
const { history, remarks } = await parseHistory(
  file === undefined ? lines : createReadStream(file, 'utf8'),
  file ?? 'the story',
);
for (const remark of remarks) console.error(remark);

const { verdict, checks } = judge(history, { scenario: 'example', require: ['exclusion', 'no-theft'] });
for (const { name, verdict: result, judged, evidence } of checks) {
  console.log(`${name}: ${result} (${judged} judged)`);
  if (result === 'violation') for (const { sentence } of evidence) console.log(`  ${sentence}`);
}
console.log(`verdict: ${verdict}`);
process.exitCode = verdict === 'valid' ? 0 : verdict === 'violation' ? 1 : 2;
