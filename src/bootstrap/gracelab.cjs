#!/usr/bin/env node
/** The `gracelab` command: in a checkout it sets the checkout up first, then becomes the real command line. */
'use strict';

const { launch } = require('./launch.cjs');

launch({ program: 'cli/main', argv: process.argv.slice(2), systemPackages: 'none' });
