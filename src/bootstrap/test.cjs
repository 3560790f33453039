/** `npm test`: everything a fresh machine needs, then the test runner. */
'use strict';

const { launch } = require('./launch.cjs');

const argv = process.argv.slice(2);
// The fast part starts nothing that only tests need.
const systemPackages = argv.includes('--fast') ? 'lab' : 'tests';
launch({ program: 'bootstrap/run-tests', argv, systemPackages });
