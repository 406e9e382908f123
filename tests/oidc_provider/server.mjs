// A certified OpenID provider on loopback, for tests: `issuer` is https://localhost:PORT/op.
// One JSON line on stdout says that it listens; everything else goes to stderr. It ends when its
// standard input does, so it never outlives the test that started it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { parseArgs } from 'node:util';

import { answerControl } from './control.mjs';
import { createProvider } from './authority.mjs';

const MOUNT = '/op';

// The library reports its development defaults through console.info, which is stdout.
console.info = console.error;

function settings() {
  const { values } = parseArgs({
    options: {
      key: { type: 'string' },
      cert: { type: 'string' },
      port: { type: 'string', default: '0' },
      'client-id': { type: 'string' },
      'access-token-seconds': { type: 'string' },
      'refresh-token-seconds': { type: 'string' },
      'device-code-seconds': { type: 'string' },
      'interval-seconds': { type: 'string' },
    },
  });
  const whole = (name) => {
    const number = Number(values[name]);
    if (!Number.isSafeInteger(number) || number < 0) throw new TypeError(`--${name} needs a whole number`);
    return number;
  };
  return {
    tls: { key: readFileSync(values.key), cert: readFileSync(values.cert) },
    port: whole('port'),
    clientId: values['client-id'],
    accessTokenSeconds: whole('access-token-seconds'),
    refreshTokenSeconds: whole('refresh-token-seconds'),
    deviceCodeSeconds: whole('device-code-seconds'),
    intervalSeconds: whole('interval-seconds'),
  };
}

const chosen = settings();
const server = createServer(chosen.tls);

server.listen(chosen.port, '127.0.0.1', () => {
  const { port } = server.address();
  const authority = createProvider(`https://localhost:${port}${MOUNT}`, chosen);
  const handle = authority.provider.callback();

  server.on('request', (request, response) => {
    if (request.url.startsWith('/_control/')) {
      answerControl(authority, request, response);
    } else if (request.url.startsWith(`${MOUNT}/`)) {
      // How the library wants to be mounted under a path in plain node: it builds its own
      // addresses from the difference of the two.
      request.originalUrl = request.url;
      request.url = request.url.slice(MOUNT.length);
      handle(request, response);
    } else {
      response.writeHead(404).end();
    }
  });
  process.stdout.write(`${JSON.stringify({ listening: port })}\n`);
});

process.stdin.on('end', () => process.exit(0)).resume();
