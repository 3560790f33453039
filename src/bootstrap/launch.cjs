/**
 * From whatever Node was typed to the Node and the packages the project needs. Runs before anything is
 * installed, so this folder is plain CommonJS that old versions of Node can parse, and uses no package.
 */
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { becomeNode, findNode, isNewEnough } = require('./modern-node.cjs');
const { installPackages, packagesAreInstalled } = require('./node-packages.cjs');
const { Refusal, EXIT_MACHINE_CANNOT } = require('./refusal.cjs');
const { installSystemPackages } = require('./system-packages.cjs');

/** Node's own way, a stack trace and status 1, would read as a violation (src/cli/exit-status.ts). */
const EXIT_UNKNOWN = 2;

const ROOT = path.resolve(__dirname, '..', '..');

/** npm never packs a lock file, so only a checkout has one beside the TypeScript sources. */
function isCheckout(root) {
  return fs.existsSync(path.join(root, 'package-lock.json')) && fs.existsSync(path.join(root, 'src', 'cli'));
}

/** Node refuses to strip types from files under node_modules: an installed package runs its compiled twin. */
function programPath(root, program, checkout) {
  return checkout ? path.join(root, 'src', program + '.ts') : path.join(root, 'dist', program + '.js');
}

/** Agents start many times in a scenario; compiled code from the cache makes that 20 ms instead of 55. */
function compileCacheDir(root, checkout) {
  if (checkout) return path.join(root, 'node_modules', '.cache', 'gracelab');
  return path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'gracelab');
}

function requireLinux() {
  if (process.platform === 'linux') return;
  throw new Refusal(
    'Gracelab needs Linux and this is ' +
      process.platform +
      ': run it in the virtual machine of vagrant/ (see vagrant/README.md).',
  );
}

async function setUp(root, checkout, systemPackages) {
  requireLinux();
  if (systemPackages !== 'none') installSystemPackages(systemPackages);
  if (checkout && !packagesAreInstalled(root)) await installPackages(root);
}

/**
 * Sets up what is missing, then hands this process over to a Node that is new enough.
 *
 * @param {{ program: string, argv: string[], systemPackages: 'none' | 'lab' | 'tests' }} plan `program` is a path under
 *   src/ (dist/ in an installed package) without its extension; `systemPackages`: for what
 *   missing programs of the operating system are installed.
 */
async function launch(plan) {
  try {
    const checkout = isCheckout(ROOT);
    await setUp(ROOT, checkout, plan.systemPackages);
    const program = programPath(ROOT, plan.program, checkout);
    if (!process.env.NODE_COMPILE_CACHE) process.env.NODE_COMPILE_CACHE = compileCacheDir(ROOT, checkout);
    if (isNewEnough(process.versions.node)) {
      await require('./continue-here.cjs').continueHere(program, plan.argv, process.env.NODE_COMPILE_CACHE);
    } else {
      becomeNode(findNode(ROOT), [program].concat(plan.argv), process.env, ROOT);
    }
  } catch (error) {
    if (process.env.GRACELAB_DEBUG === '1') console.error(error);
    else console.error(error instanceof Refusal ? error.message : unforeseen(error));
    process.exitCode = error instanceof Refusal ? EXIT_MACHINE_CANNOT : EXIT_UNKNOWN;
  }
}

/** One line, whatever was thrown: some of Node's own messages have more. */
function unforeseen(error) {
  const [first] = String((error && error.message) || error).split('\n');
  return (
    'gracelab: ' +
    first.replace(/\.$/, '') +
    '; this should not happen, and GRACELAB_DEBUG=1 shows where it did.'
  );
}

module.exports = { launch };
