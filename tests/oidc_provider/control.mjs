// The tests' side door, /_control/…: what a person or an administrator would do by hand, and what
// the provider has seen. It goes through the library's own models, as an approval on a server would.

import { text } from 'node:stream/consumers';

import { accountByName } from './accounts.mjs';

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function openDeviceCode(provider, userCode) {
  // As the confirm page reads a typed code: capitals, no hyphen.
  const code = await provider.DeviceCode.findByUserCode(userCode.toUpperCase().replace(/\W/g, ''));
  if (!code) throw new Refused(404, 'no such user code, or it has expired');
  if (code.error || code.accountId) throw new Refused(409, 'the user code was used already');
  return code;
}

/** The person enters the code, signs in as `account` and agrees to every scope asked for. */
async function approve({ provider }, { user_code: userCode, account: username }) {
  const code = await openDeviceCode(provider, userCode);
  const { accountId } = accountByName(username);
  const grant = new provider.Grant({ accountId, clientId: code.clientId });
  grant.addOIDCScope(code.params.scope);
  Object.assign(code, {
    accountId,
    authTime: Math.floor(Date.now() / 1000),
    grantId: await grant.save(),
    scope: code.params.scope,
  });
  await code.save();
  return {};
}

/** The person presses "Abort" on the confirm page. */
async function decline({ provider }, { user_code: userCode }) {
  const code = await openDeviceCode(provider, userCode);
  Object.assign(code, { error: 'access_denied', errorDescription: 'End-User aborted interaction' });
  await code.save();
  return {};
}

/** An administrator takes back every grant of `account`; what was issued under them is void. */
async function revokeGrant({ provider, grants }, { account: username }) {
  let revoked = 0;
  for (const id of grants.get(username) ?? []) {
    const grant = await provider.Grant.find(id);
    if (grant) {
      await grant.destroy();
      revoked += 1;
    }
  }
  return { revoked };
}

const ACTIONS = {
  'POST /_control/approve': approve,
  'POST /_control/decline': decline,
  'POST /_control/revoke-grant': revokeGrant,
  'GET /_control/issued': ({ issued }) =>
    Object.fromEntries(Object.entries(issued).map(([kind, secrets]) => [kind, [...secrets]])),
  'GET /_control/requests': ({ requests }) => requests,
  'GET /_control/reuse-detected': ({ reuseDetected }) => ({ count: reuseDetected }),
};

/** Answers one request; 404, 409 or 500 with a message when it cannot. */
export async function answerControl(authority, request, response) {
  const reply = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  try {
    const action = ACTIONS[`${request.method} ${request.url}`];
    if (!action) throw new Refused(404, 'no such control');
    const body = await text(request);
    reply(200, await action(authority, body ? JSON.parse(body) : {}));
  } catch (error) {
    const expected = error instanceof Refused;
    if (!expected) console.error(error);
    reply(expected ? error.status : 500, { message: error.message });
  }
}
