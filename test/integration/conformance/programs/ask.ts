/** The helper that `gracelab conformance` is given: hands the verb to the test, which has the server. Arguments: SOCKET VERB... */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const [socket = '', ...verb] = process.argv.slice(2);
const connection = connect({ path: socket, allowHalfOpen: true });
connection.end(verb.join(' '));
const [status, problem] = (await text(connection)).split('\n');
if (problem !== undefined) console.error(problem);
process.exit(Number(status));
