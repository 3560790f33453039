/**
 * The harness looks for itself, with no server in between: does the shared filesystem hold what the
 * clients believe to hold, and what do the guarded cells contain?
 */
import type { AuditEvent, ByteSpan, LockMode } from '../history/events.ts';
import type { Lab } from '../runtime/runtime.ts';
import { hasSeveralDomains } from './cluster-shape.ts';
import { everyStep } from './every-step.ts';
import { CELL_BYTES, type ClusterShape, type LoopBody, type Scenario, type Step } from './scenario.ts';
import type { StepContext } from './step-context.ts';

/** The shared filesystem as the lab itself sees it; paths are relative to the export. */
export interface SharedView {
  /** A lock that stands against taking `mode` on the span, from somebody who holds nothing; null for none, or no such file. */
  conflict(file: string, span: ByteSpan, mode: LockMode): ByteSpan | null;
  /** The file's first `count` bytes as text, NULs kept; null for no such file. */
  content(file: string, count: number): string | null;
}

/** With several lock domains a path begins with its domain's name, and each has a filesystem of its own. */
export function sharedViewOf(
  shape: ClusterShape,
  lab: Pick<Lab, 'sharedDir' | 'sharedDirOf'>,
  open: (sharedDir: string) => SharedView,
): SharedView {
  if (!hasSeveralDomains(shape)) return open(lab.sharedDir);
  const views = new Map(shape.domains.map(({ name }) => [name, open(lab.sharedDirOf(name))]));
  const inDomain = <T>(path: string, look: (view: SharedView, file: string) => T): T | null => {
    const [name = '', ...file] = path.split('/');
    const view = views.get(name);
    return view === undefined ? null : look(view, file.join('/'));
  };
  return {
    conflict: (path, span, mode) => inDomain(path, (view, file) => view.conflict(file, span, mode)),
    content: (path, count) => inDomain(path, (view, file) => view.content(file, count)),
  };
}

/** What a client's agent says that it holds. */
interface HeldLock extends ByteSpan {
  readonly owner: string;
  readonly file: string;
  readonly mode: LockMode;
}

/** Loops that keep one at the start of their range; `guarded-cells` has its whole range full of them. */
const BODIES_WITH_A_CELL: readonly LoopBody[] = ['lock-update-unlock', 'delegation'];
const STATE_MS = 2000;
/** Of one event each; a client with thousands of locks is looked at in samples. */
const MOST_AUDITS_PER_CLIENT = 4000;

/**
 * Is every byte of the span locked against the weakest request that this mode excludes? A write lock
 * keeps readers out, a read lock keeps writers out. The kernel names any conflicting lock, not the
 * first, so what lies on both sides of it is asked for again.
 */
export function isHeld(view: SharedView, file: string, span: ByteSpan, mode: LockMode): boolean {
  const found = view.conflict(file, span, mode === 'write' ? 'read' : 'write');
  if (found === null) return false;
  const leftHeld =
    found.start <= span.start || isHeld(view, file, { start: span.start, end: found.start }, mode);
  if (!leftHeld || found.end === null) return leftHeld;
  if (span.end !== null && found.end >= span.end) return true;
  return isHeld(view, file, { start: found.end, end: span.end }, mode);
}

/** Records one `lock` audit for each lock that a client believes to hold. */
export async function auditLocks(view: SharedView, context: StepContext): Promise<void> {
  for (const client of [...context.cluster.clients, ...context.cluster.programs]) {
    const state = await client.command('state', {}, STATE_MS);
    if (!state.ok) continue;
    for (const { owner, file, start, end, mode } of (state.held as readonly HeldLock[]).slice(
      0,
      MOST_AUDITS_PER_CLIENT,
    )) {
      const span = { start, end };
      const held = isHeld(view, file, span, mode);
      record(context, { event: 'lock', file, span, mode, client: client.name, owner, held });
    }
  }
}

/** Records one `content` audit for each file with guarded cells: all of it, up to the last cell's end. */
export function auditContents(view: SharedView, scenario: Scenario, context: StepContext): void {
  for (const [file, count] of guardedFiles(scenario.steps)) {
    const value = view.content(file, count);
    if (value !== null) record(context, { event: 'content', file, value });
  }
}

function record(context: StepContext, audit: Omit<AuditEvent, 'kind' | 't'>): void {
  context.record({ kind: 'audit', t: context.stamp(), ...audit });
}

/** Which files the steps keep guarded values in, and how far those reach, in bytes. */
export function guardedFiles(steps: readonly Step[]): Map<string, number> {
  const files = new Map<string, number>();
  const reaches = (file: string, end: number) => files.set(file, Math.max(files.get(file) ?? 0, end));
  for (const step of everyStep(steps))
    if (step.do === 'update' || (step.do === 'loop' && BODIES_WITH_A_CELL.includes(step.body)))
      reaches(step.file, step.span.start + CELL_BYTES);
    else if (step.do === 'loop' && step.body === 'guarded-cells')
      reaches(step.file, step.span.end ?? step.span.start + CELL_BYTES);
  return files;
}
