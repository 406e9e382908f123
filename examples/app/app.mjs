// Calls an API every few seconds with the token that the sidecar keeps fresh. Node.js 20, nothing else.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const tokenFile = process.env.TOKEN_FILE ?? "/var/run/secrets/entra/token";
const url = process.env.API_URL ?? "https://graph.microsoft.com/v1.0/me";
const pause = Number(process.env.CALL_EVERY_SECONDS ?? 10) * 1000;

// The token is read for every request: meanwhile it is renewed.
async function call() {
  const token = await readFile(tokenFile, "utf8");
  return fetch(url, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
}

// A container's first process ends at TERM only if it says so.
process.on("SIGTERM", () => process.exit(0));

while (!existsSync(tokenFile)) {
  console.log(`waiting for ${tokenFile}`);
  await sleep(2000);
}
for (;;) {
  try {
    let answer = await call();
    if (answer.status === 401) answer = await call(); // it was renewed between reading and calling
    const name = answer.ok ? (await answer.json()).displayName : answer.statusText;
    console.log(`${answer.status} ${name}`);
  } catch (error) {
    console.log(`no answer: ${error.cause?.message ?? error.message}`);
  }
  await sleep(pause);
}
