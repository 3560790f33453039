/** Finding a Node that is new enough, and turning this process into it. */
'use strict';

const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');
const { Refusal } = require('./refusal.cjs');

/** The first version with type stripping and node:sqlite without flags that is kept for the long term. */
const OLDEST_NODE_MAJOR = 24;

/** fcntl(2) on Linux. */
const F_SETFD = 2;

const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function isNewEnough(version) {
  return Number(version.split('.')[0]) >= OLDEST_NODE_MAJOR;
}

/**
 * The Node that the npm package `node` carries, looked up as Node looks up packages: in the checkout, or
 * wherever the project that depends on Gracelab has installed it.
 *
 * @throws {Refusal} where there is none.
 */
function findNode(root) {
  for (let dir = root; ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', 'node', 'bin', 'node');
    if (fs.existsSync(candidate)) return candidate;
    if (dir === path.dirname(dir)) break;
  }
  throw new Refusal(
    'Gracelab needs Node ' +
      OLDEST_NODE_MAJOR +
      ' or newer and this is ' +
      process.versions.node +
      ': install a newer one from https://nodejs.org.',
  );
}

/**
 * Replaces this process by `node argv...`: same pid, same parent, so there is nobody in between who would
 * have to pass on signals, or who could be killed and leave an orphan behind.
 *
 * Returns only when it had to start a child instead (koffi has no library for this machine); then the
 * child's end becomes this process's end.
 */
function becomeNode(node, argv, env, root) {
  if (typeof process.execve === 'function') process.execve(node, [node].concat(argv), env);
  try {
    execve(node, [node].concat(argv), env, root);
  } catch (error) {
    if (process.env.GRACELAB_DEBUG === '1') console.error(error);
  }
  runAsChild(node, argv, env);
}

/** Node before 22.15 has no process.execve; the system call is a koffi call away. */
function execve(file, argv, env, root) {
  const koffi = require(require.resolve('koffi', { paths: [root] }));
  const libc = koffi.load(null);
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  // Node marks all its descriptors close-on-exec at start, the standard ones as well.
  for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 'int', 0);
  const environment = Object.keys(env).map((name) => name + '=' + env[name]);
  libc.func('int execve(const char *path, const char **argv, const char **envp)')(
    file,
    argv.concat(null),
    environment.concat(null),
  );
  throw new Error('execve ' + file + ': errno ' + koffi.errno());
}

function runAsChild(node, argv, env) {
  const child = childProcess.spawn(node, argv, { stdio: 'inherit', env });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(
      'Gracelab cannot start ' + node + ' (' + error.code + '): remove node_modules and try again.',
    );
    process.exitCode = 3;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded);
    process.kill(process.pid, signal);
  });
}

module.exports = { becomeNode, findNode, isNewEnough, runAsChild };
