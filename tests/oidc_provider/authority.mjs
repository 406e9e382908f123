// The provider's configuration, and what it is seen to do: `issued`, `requests`, `reuseDetected`.
// Where this relies on how the library works rather than on its documentation, it was measured
// with the version in package.json.

import { generateKeyPairSync } from 'node:crypto';

import { Provider } from 'oidc-provider';

import { accountById } from './accounts.mjs';

const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'api:read'];
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SECRET_KINDS = {
  access_tokens: 'access_token',
  refresh_tokens: 'refresh_token',
  device_codes: 'device_code',
};

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'tests' };
}

function configuration(chosen) {
  return {
    clients: [
      {
        client_id: chosen.clientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: [DEVICE_GRANT, 'refresh_token'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: SCOPES,
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    // Else the name would stand at the userinfo endpoint only; MSAL reads it from the ID token.
    conformIdTokenClaims: false,
    findAccount: (_ctx, id) => accountById(id),
    rotateRefreshToken: true,
    features: {
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
    },
    jwks: { keys: [signingKey()] },
    ttl: {
      AccessToken: chosen.accessTokenSeconds,
      DeviceCode: chosen.deviceCodeSeconds,
      Grant: chosen.refreshTokenSeconds,
      IdToken: 3600,
      RefreshToken: chosen.refreshTokenSeconds,
    },
  };
}

/** The name a request is counted under: the library's route, for tokens with the grant's short name. */
function countedAs(ctx) {
  const route = ctx.oidc?.route ?? 'unknown';
  const grant = ctx.oidc?.params?.grant_type;
  return route === 'token' && grant ? `token:${grant.split(':').pop()}` : route;
}

/** `issuer` is the whole address, with its path; `chosen` are the settings of server.mjs. */
export function createProvider(issuer, chosen) {
  const provider = new Provider(issuer, configuration(chosen));
  const authority = {
    provider,
    grants: new Map(), // username -> the ids of its grants
    issued: {
      access_tokens: new Set(),
      refresh_tokens: new Set(),
      device_codes: new Set(),
      id_tokens: new Set(),
    },
    requests: {},
    reuseDetected: 0,
  };

  provider.use(async (ctx, next) => {
    try {
      await next();
    } finally {
      const name = countedAs(ctx);
      authority.requests[name] = (authority.requests[name] ?? 0) + 1;
    }
    // The library leaves out `interval` (optional, RFC 8628 section 3.2; a client then takes 5 s).
    if (ctx.oidc?.route === 'device_authorization' && ctx.body?.device_code) {
      ctx.body.interval = chosen.intervalSeconds;
    }
  });

  // Tokens are opaque: the id a record is saved under is the secret itself. Noted when saved, so an
  // answer that never arrived counts too.
  for (const [kind, model] of Object.entries(SECRET_KINDS)) {
    provider.on(`${model}.saved`, ({ jti }) => authority.issued[kind].add(jti));
  }
  provider.on('grant.success', (ctx) => {
    if (ctx.body.id_token) authority.issued.id_tokens.add(ctx.body.id_token);
  });
  provider.on('grant.saved', ({ accountId, jti }) => {
    const { username } = accountById(accountId);
    authority.grants.set(username, (authority.grants.get(username) ?? new Set()).add(jti));
  });
  // The library revokes a grant by itself when something of one use comes a second time.
  provider.on('grant.revoked', (ctx) => {
    if (ctx.oidc.entities.RefreshToken?.consumed) authority.reuseDetected += 1;
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return authority;
}
