/**
 * Who is signed in: OAuth 2.0's authorization code with PKCE (RFC 7636), without a secret.
 *
 * The identity token is kept in sessionStorage: a reload keeps it, closing the tab forgets it, and
 * no other tab or site has it. A script of somebody else could read it there, as it could read
 * memory; the Content-Security-Policy lets none in. The refresh token, which would be worth more,
 * is not kept: after an hour one signs in again.
 */

const TOKEN = "ecom.token";
const ASKED = "ecom.asked";
const HERE = `${location.origin}/`; // exactly as the user pool's client has it

/** Go and sign in; what was being looked at is looked at afterwards. */
export async function signIn(config) {
  const asked = { state: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(ASKED, JSON.stringify(asked));
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(asked.verifier));
  location.assign(`${config.signIn}/oauth2/authorize?${new URLSearchParams({
    response_type: "code",
    client_id: config.client,
    redirect_uri: HERE,
    scope: "openid",
    state: asked.state,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: "S256",
  })}`);
}

/**
 * Take the code that signing in came back with, if it did, for a token.
 *
 * Code and state leave the address first, whatever comes of them. False when that sign-in was not
 * asked for by this tab, or was refused.
 */
export async function finish(config) {
  const given = new URLSearchParams(location.search);
  if (!["code", "state", "error"].some((name) => given.has(name))) return true;
  const asked = JSON.parse(sessionStorage.getItem(ASKED) ?? "{}");
  sessionStorage.removeItem(ASKED);
  history.replaceState(null, "", location.pathname + (asked.hash ?? ""));
  if (!given.has("code") || !asked.state || given.get("state") !== asked.state) return false;
  const answer = await fetch(`${config.signIn}/oauth2/token`, {
    method: "POST",
    credentials: "omit",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: config.client,
      redirect_uri: HERE,
      code: given.get("code"),
      code_verifier: asked.verifier,
    }),
  }).catch(() => null);
  if (!answer?.ok) return false;
  const { id_token: token, expires_in: seconds } = await answer.json();
  sessionStorage.setItem(TOKEN, JSON.stringify({ token, until: Date.now() + seconds * 1000 }));
  return true;
}

/** The identity token, or null when there is none that is still good. */
export function token() {
  const kept = JSON.parse(sessionStorage.getItem(TOKEN) ?? "null");
  return kept !== null && Date.now() < kept.until ? kept.token : null;
}

/** Whether somebody was signed in, be it too long ago. */
export const wasSignedIn = () => sessionStorage.getItem(TOKEN) !== null;

export const forget = () => sessionStorage.removeItem(TOKEN);

/** Forget here, then where one signed in: else the next visitor is let in without a password. */
export function signOut(config) {
  forget();
  const asked = new URLSearchParams({ client_id: config.client, logout_uri: HERE });
  location.assign(`${config.signIn}/logout?${asked}`);
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
