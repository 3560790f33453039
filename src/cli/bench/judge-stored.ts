/**
 * Judges one stored history in a process of its own and says on stdout what that took: the memory of whoever made the history must not
 * be counted. Arguments: the file, and the checks that have something to judge in it, with commas between.
 */
import { judge } from '../../check/judge.ts';
import { loadHistory } from '../../history/history-file.ts';

const KIB_PER_MIB = 1024;

const [file = '', checks = ''] = process.argv.slice(2);
const begunMs = performance.now();
const { history } = await loadHistory(file);
const loadedMs = performance.now();
const verdict = judge(history, { scenario: 'made up', require: checks.split(',') });
const judgedMs = performance.now();
process.stdout.write(
  JSON.stringify({
    verdict: verdict.verdict,
    reasons: verdict.reasons,
    events: history.length,
    operations: history.filter((event) => event.kind === 'op' && event.phase === 'invoke').length,
    loadSeconds: (loadedMs - begunMs) / 1000,
    judgeSeconds: (judgedMs - loadedMs) / 1000,
    mostMemoryMiB: process.resourceUsage().maxRSS / KIB_PER_MIB,
  }),
);
