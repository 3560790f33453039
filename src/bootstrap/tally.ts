/**
 * What a test file's TAP says, as test cases. A test case is a `t.test()` block with no block inside it;
 * a file without blocks is one case. Assertions are not counted: a rule held by ten of them is one rule.
 */
import { Parser, type Result } from 'tap-parser';

export interface TestCase {
  /** From the outermost block to the case itself. */
  readonly path: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Of a skipped case. */
  readonly reason?: string;
  /** Of a failed case: the assertions that did not hold. */
  readonly failures: readonly FailedAssertion[];
}

export interface FailedAssertion {
  readonly name: string;
  /** tap's diagnostics: `at`, `diff`, `source`, `stack`; absent where it printed none. */
  readonly diagnostics: Readonly<Record<string, unknown>>;
}

/** How the test file's process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
}

interface Block {
  readonly points: Result[];
  blocks: number;
}

const directive = (value: boolean | string): string =>
  typeof value === 'string' && value !== '' ? value : 'no reason given';

const asFailure = (point: Result): FailedAssertion => ({
  name: point.name === '' ? 'assertion without a name' : point.name,
  diagnostics: point.diag ?? {},
});

const isFailure = (point: Result): boolean => !point.ok && point.todo === false && point.skip === false;

/** Collects the cases of one file while its output arrives. */
export class Tally {
  readonly #cases: TestCase[] = [];
  readonly #parser: Parser;
  readonly #top: Block;
  #bailout: string | undefined;

  constructor() {
    this.#parser = new Parser();
    this.#top = this.#follow(this.#parser, []);
    this.#parser.on('bailout', (reason: string) => {
      this.#bailout = reason;
    });
  }

  write(chunk: string): void {
    this.#parser.write(chunk);
  }

  /** Call once, after the process ended. A file that ended badly or ran nothing is itself a failed case. */
  conclude(file: string, ending: Ending): readonly TestCase[] {
    this.#parser.end();
    if (this.#top.blocks === 0) this.#concludeBlock([file], this.#top);
    const skipped = skipReason(this.#parser);
    if (skipped !== null && ending.code === 0) {
      this.#cases.push({ path: [file], outcome: 'skipped', reason: skipped, failures: [] });
    }
    const complaint = this.#fileComplaint(ending);
    if (complaint !== undefined) {
      this.#cases.push({ path: [file], outcome: 'failed', failures: [{ name: complaint, diagnostics: {} }] });
    }
    return this.#cases;
  }

  #fileComplaint(ending: Ending): string | undefined {
    if (ending.timedOut) return 'the file took too long and was ended';
    if (this.#bailout !== undefined) return `the file bailed out: ${this.#bailout}`;
    if (this.#cases.some((testCase) => testCase.outcome === 'failed')) return undefined;
    if (ending.signal !== null) return `the file was ended by ${ending.signal}`;
    if (ending.code !== 0) return `the file exited with status ${ending.code}`;
    const results = this.#parser.results;
    if (results !== null && !results.ok) return 'the TAP of the file is broken: its plan does not match';
    if (this.#cases.length === 0) return 'the file ran no tests';
    return undefined;
  }

  #follow(parser: Parser, path: readonly string[]): Block {
    const block: Block = { points: [], blocks: 0 };
    let inner: Block | undefined;
    parser.on('child', (child: Parser) => {
      block.blocks += 1;
      inner = this.#follow(child, [...path, child.name]);
    });
    parser.on('assert', (point: Result) => {
      const concluded = inner;
      inner = undefined;
      if (concluded !== undefined) this.#concludeInner([...path, point.name], concluded, point);
      else if (isSkippedBlock(point)) this.#skip([...path, point.name], point);
      else block.points.push(point);
    });
    parser.on('complete', () => {
      if (block.blocks > 0) this.#loosePoints(path, block);
    });
    return block;
  }

  /** `point` is what the parent says of the block as a whole. */
  #concludeInner(path: readonly string[], block: Block, point: Result): void {
    if (block.blocks === 0) this.#concludeBlock(path, block, point);
    else if (isFailure(point) && !this.#hasFailureUnder(path)) {
      this.#cases.push({ path, outcome: 'failed', failures: [asFailure(point)] });
    }
  }

  #concludeBlock(path: readonly string[], block: Block, point?: Result): void {
    const failed = block.points.filter(isFailure);
    if (failed.length > 0 || (point !== undefined && isFailure(point))) {
      const failures = failed.length > 0 ? failed : point === undefined ? [] : [point];
      this.#cases.push({ path, outcome: 'failed', failures: failures.map(asFailure) });
      return;
    }
    const first = block.points[0];
    if (first !== undefined) this.#cases.push({ path, outcome: 'passed', failures: [] });
    else if (point !== undefined && !this.#hasCaseUnder(path)) {
      // A block that asserts nothing has not shown anything, but tap lets it pass; so does the count.
      this.#cases.push({ path, outcome: 'passed', failures: [] });
    }
  }

  #skip(path: readonly string[], point: Result): void {
    const reason = directive(point.skip === false ? point.todo : point.skip);
    this.#cases.push({ path, outcome: 'skipped', reason, failures: [] });
  }

  /** Assertions beside blocks belong to no case; only when they fail do they become one. */
  #loosePoints(path: readonly string[], block: Block): void {
    for (const point of block.points.filter(isFailure)) {
      this.#cases.push({ path: [...path, point.name], outcome: 'failed', failures: [asFailure(point)] });
    }
  }

  #hasCaseUnder(path: readonly string[]): boolean {
    return this.#cases.some((testCase) => path.every((name, index) => testCase.path[index] === name));
  }

  #hasFailureUnder(path: readonly string[]): boolean {
    return this.#cases.some(
      (testCase) =>
        testCase.outcome === 'failed' && path.every((name, index) => testCase.path[index] === name),
    );
  }
}

/** `t.test('...', { skip })`, `t.skip('...')`, and their todo twins arrive as a point with a directive. */
function isSkippedBlock(point: Result): boolean {
  return point.skip !== false || point.todo !== false;
}

/** A file that cannot run here plans no tests and says why: `1..0 # skip not root`. Null for any other file. */
function skipReason(parser: Parser): string | null {
  const plan = parser.results?.plan;
  // This is how an empty file reads, which has not said anything.
  if (!plan?.skipAll || plan.skipReason === '' || plan.skipReason === 'no tests found') return null;
  return plan.skipReason.replace(/^skip:?\s+/i, '');
}
