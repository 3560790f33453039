/** `npm test`: everything a fresh machine needs, then the test runner. */
'use strict';

const { launch } = require('./launch.cjs');

launch({ program: 'bootstrap/run-tests', argv: process.argv.slice(2), systemPackages: true });
