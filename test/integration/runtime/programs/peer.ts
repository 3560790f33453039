/** Runs as init of a container: listens, connects and sends datagrams on request, and reports what it sees. */
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const report = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
const DATAGRAM_PORT = 7001;
const datagrams = createSocket('udp4');
const sockets = new Map<string, Socket>();

function watch(name: string, socket: Socket): void {
  sockets.set(name, socket);
  socket.on('data', (bytes) => report({ seen: 'data', name, text: bytes.toString() }));
  socket.on('end', () => report({ seen: 'end', name }));
  socket.on('error', (error: NodeJS.ErrnoException) => report({ seen: 'error', name, code: error.code }));
}

const commands: Record<
  string,
  (command: { name: string; host: string; text: string; code: number }) => void
> = {
  listen: () => {
    const server = createServer((socket) => watch('accepted', socket));
    server.listen(7000, () => report({ seen: 'listening' }));
  },
  connect: ({ name, host }) => {
    const socket = connect(7000, host, () => report({ seen: 'connected', name }));
    watch(name, socket);
  },
  write: ({ name, text }) => sockets.get(name)?.write(text),
  tell: ({ host, text }) =>
    datagrams.send(text, DATAGRAM_PORT, host, (error) =>
      report(error === null ? { seen: 'told', text } : { seen: 'error', name: 'told', text: error.message }),
    ),
  exit: ({ code }) => process.exit(code),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  commands[command.do]?.(command);
});
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
datagrams.on('message', (bytes) => report({ seen: 'datagram', text: bytes.toString() }));
datagrams.bind(DATAGRAM_PORT, () => report({ ready: true }));
