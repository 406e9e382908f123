// An app as its author wrote it for Azure: it knows @azure/identity, and nothing of the sidecar.
// One JSON request a line on stdin, one JSON answer a line on stdout.

import { createInterface } from 'node:readline';
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const kinds = { default: () => new DefaultAzureCredential(), managed: () => new ManagedIdentityCredential() };
const made = {};

async function answer(request) {
  const credential = (made[request.credential] ??= kinds[request.credential]());
  if (request.vault) {
    const client = new SecretClient(request.vault, credential, { disableChallengeResourceVerification: true });
    return { value: (await client.getSecret('greeting')).value };
  }
  const token = await credential.getToken(request.scope);
  return { token: token.token, expires_on: token.expiresOnTimestamp / 1000 };
}

for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = await answer(JSON.parse(line));
  } catch (error) {
    told = { error: `${error.name}: ${error.message}` };
  }
  console.log(JSON.stringify(told));
}
