/** The whole of a scenario file. */
import { z } from 'zod';
import { COVERAGE_NAMES } from '../../check/coverage.ts';
import { ALL_CHECK_NAMES, CHECK_NAMES, type CheckName } from '../../check/verdict.ts';
import type { ClusterShape, Scenario, ScenarioClient, ScenarioProgram } from '../scenario.ts';
import { clusterKeys, shapeOf } from './cluster.ts';
import { steps } from './steps.ts';
import { duration, name } from './words.ts';

export const MOST_CLIENTS = 16;
const LEASE_MS = 1000;
const GRACE_MS = 2000;
const DEADLINE_MS = 60_000;
const DEFAULTS = { leaseMs: LEASE_MS, graceMs: GRACE_MS };

const cluster = z
  .strictObject({
    ...clusterKeys,
    lease: duration(200).optional().meta({ description: 'The lease time; 1s by default' }),
    grace: duration(200).optional().meta({ description: 'The longest a grace may last; 2s by default' }),
  })
  .transform((written) => shapeOf(written, DEFAULTS));

export const clients = z
  .record(name, z.union([name, z.strictObject({ node: name })]))
  .refine((record) => Object.keys(record).length <= MOST_CLIENTS, {
    error: () => `there are more than ${MOST_CLIENTS} clients`,
  })
  .transform((record): ScenarioClient[] =>
    Object.entries(record).map(([client, at]) => ({
      name: client,
      node: typeof at === 'string' ? at : at.node,
    })),
  )
  .meta({ description: 'The NFS clients, and whose address each of them mounts' });

const programs = z
  .record(name, name)
  .refine((record) => Object.keys(record).length <= MOST_CLIENTS, {
    error: () => `there are more than ${MOST_CLIENTS} local programs`,
  })
  .transform((record): ScenarioProgram[] =>
    Object.entries(record).map(([program, node]) => ({ name: program, node })),
  )
  .meta({ description: 'Programs that are not NFS clients, and the node on which each of them runs' });

const expect = z
  .strictObject({
    checks: z.array(z.enum(ALL_CHECK_NAMES)).optional().meta({
      description: 'Checks that must have had something to judge, and say valid; all of them by default',
    }),
    coverage: z
      .partialRecord(z.enum(COVERAGE_NAMES), z.int().min(1))
      .optional()
      .meta({ description: 'How often an interesting state must have been reached at least' }),
  })
  .transform(({ checks, coverage }) => ({
    checks: checks ?? null,
    coverage: (coverage ?? {}) as Record<string, number>,
  }));

/** As many as there are: docs/conformance.md, docs/scenarios.md, docs/mutants.md. */
const ROW = /^([1-9]|[12]\d|3[0-6]|C([1-9]|1[0-5])|D([1-9]|1\d))$/;

const row = z
  .union([z.int(), z.string()])
  .transform(String)
  .pipe(
    z.string().regex(ROW, {
      error: (issue) => `"${issue.input}" is neither a row (1 to 36, C1 to C15) nor a defect (D1 to D19)`,
    }),
  );

/** What must have been judged where nobody says: of local programs only where there are any. */
export const defaultChecks = (programs: readonly ScenarioProgram[] = []): readonly CheckName[] =>
  programs.length > 0 ? ALL_CHECK_NAMES : CHECK_NAMES;

/** Local programs have no other way than the gate. */
const withGate = (cluster: ClusterShape, programs: readonly ScenarioProgram[] = []): ClusterShape =>
  programs.length > 0 ? { ...cluster, gate: true } : cluster;

/** The schema of a scenario file; what comes out is a {@link Scenario} whose names are not yet known to exist. */
export const scenarioDocument = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, {
        error: (issue) => `"${issue.input}" cannot name a run folder; use up to 40 of a-z, 0-9 and dashes`,
      })
      .meta({ description: 'Names the run folder; the same as the file' }),
    title: z.string().min(1).max(100).meta({ description: 'One line for the terminal' }),
    about: z.string().optional().meta({ description: 'What the scenario is there to show' }),
    rows: z.array(row).optional().meta({ description: 'Conformance rows and defects that it is there for' }),
    cluster: cluster.optional(),
    clients,
    programs: programs.optional(),
    steps,
    expect: expect.optional(),
    deadline: duration(1000)
      .optional()
      .meta({ description: 'The whole run ends after this long; 60s by default' }),
  })
  .transform(
    (written): Scenario => ({
      name: written.name,
      title: written.title,
      about: (written.about ?? '').trim(),
      rows: written.rows ?? [],
      cluster: withGate(written.cluster ?? shapeOf({}, DEFAULTS), written.programs),
      clients: written.clients,
      ...(written.programs && { programs: written.programs }),
      steps: written.steps,
      expect: {
        checks: written.expect?.checks ?? defaultChecks(written.programs),
        coverage: written.expect?.coverage ?? {},
      },
      deadlineMs: written.deadline ?? DEADLINE_MS,
    }),
  );
