/**
 * The arrows of the architecture (docs/architecture.md): who may import whom. A folder that is not named
 * here may import nothing but `core`, so a new folder has to state what it needs.
 */
'use strict';

const { Visitor } = require('@swc/core/Visitor');

/**
 * TypeScript 7 has no compiler API, so swc parses the sources. Its visitor has not heard of `using` yet
 * and gives up on a file that has one; there is nothing to find in it but an ordinary declaration.
 */
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

/** For each folder of src/, the folders it may import besides itself and `core`. */
const MAY_IMPORT = {
  core: [],
  store: [],
  xdr: [],
  rpc: ['xdr'],
  nfs4: ['xdr', 'rpc'],
  server: ['xdr', 'rpc', 'nfs4', 'store', 'history'],
  client: ['xdr', 'rpc', 'nfs4', 'history'],
  gate: ['server'],
  conformance: ['xdr', 'rpc', 'nfs4', 'client'],
  fuzz: ['xdr', 'rpc', 'nfs4', 'client'],
  runtime: [],
  relay: ['xdr', 'rpc', 'nfs4'],
  faults: ['runtime'],
  history: [],
  check: ['history'],
  report: ['history', 'check'],
  scenario: ['runtime', 'faults', 'history', 'check', 'report'],
  model: [],
  bench: ['xdr', 'rpc', 'nfs4', 'client', 'runtime', 'history', 'check', 'scenario', 'store'],
  sim: ['server', 'client', 'store', 'history', 'check', 'nfs4', 'rpc', 'xdr', 'runtime', 'scenario'],
};

const arrows = Object.entries(MAY_IMPORT).map(([folder, others]) => ({
  name: `arrow-${folder}`,
  severity: 'error',
  comment: `src/${folder} may import ${['core', ...others].join(', ')} and nothing else of src`,
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, 'core', ...others].join('|')})/` },
}));

/** Pure code decides; what waits, reads a clock, draws lots or talks is at the edge (composition roots). */
// Of the history, one file alone touches files.
const PURE = '^src/(core|xdr|nfs4|check|model)/|^src/history/(?!history-file)';

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'no-unnamed-folder',
      severity: 'error',
      comment: 'a new folder of src states in .dependency-cruiser.cjs what it may import',
      from: {
        path: '^src/',
        pathNot: `^src/(${[...Object.keys(MAY_IMPORT), 'cli', 'bootstrap'].join('|')})/`,
      },
      to: { path: '.' },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      comment: 'the command line is the composition root; nothing is built on it',
      from: { pathNot: '^(src/(cli|bootstrap)|test|images)/' },
      to: { path: '^src/(cli|bootstrap)/' },
    },
    {
      name: 'bootstrap-stands-alone',
      severity: 'error',
      comment: 'the bootstrap runs before anything is installed',
      from: { path: '^src/bootstrap/.*\\.cjs$' },
      to: { pathNot: '^src/bootstrap/|^koffi$|node_modules/koffi', dependencyTypesNot: ['core'] },
    },
    {
      name: 'pure-code-does-no-io',
      severity: 'error',
      comment: 'decisions are pure: no files, processes, network or timers from Node in these folders',
      from: { path: PURE },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|assert)$' },
    },
    {
      name: 'core-has-no-packages',
      severity: 'error',
      comment: 'core is readable without knowing any library',
      from: { path: '^src/core/' },
      to: { path: 'node_modules' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'a cycle hides which part is the lower one',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'an import that leads nowhere',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      comment: 'an installed package has no devDependencies',
      from: { path: '^src/', pathNot: '^src/bootstrap/(run-tests|tally)\\.ts$' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
