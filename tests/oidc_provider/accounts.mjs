// The people who can sign in: any name, each with a subject of its own that is not the name.

import { createHash } from 'node:crypto';

const accounts = new Map();

function account(accountId, username) {
  const name = `${username.split('@')[0]} (test account)`;
  const claims = () => ({ sub: accountId, preferred_username: username, email: username, name });
  return { accountId, username, claims };
}

/** The account of `username`, the same subject every time. */
export function accountByName(username) {
  const accountId = createHash('sha256').update(username).digest('hex').slice(0, 16);
  accounts.set(accountId, account(accountId, username));
  return accounts.get(accountId);
}

/** The account of a subject. The library's login page, used by hand, takes the name typed for one. */
export function accountById(id) {
  return accounts.get(id) ?? account(id, id);
}
