/**
 * Sign-in and session: OAuth 2.0's authorization code with PKCE (RFC 7636), without a secret.
 *
 * The identity token is in sessionStorage: it survives a reload, is deleted with the tab, and is not
 * visible to other tabs or sites. A third-party script could read it there, as it could read memory;
 * the Content-Security-Policy admits none. The refresh token, which is valid for longer, is not
 * stored: users sign in again after an hour.
 */

const TOKEN = "ecom.token";
const ASKED = "ecom.asked";
const HERE = `${location.origin}/`; // must equal the callback URL of the user pool's client

/** Redirect to the sign-in; `finish` restores the current view. */
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
 * Exchange the authorization code in the URL, if there is one, for a token.
 *
 * Code and state are first removed from the URL. Returns false if this tab did not start the
 * sign-in, or if it was refused.
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

/** The identity token, or null if there is none or it has expired. */
export function token() {
  const kept = JSON.parse(sessionStorage.getItem(TOKEN) ?? "null");
  return kept !== null && Date.now() < kept.until ? kept.token : null;
}

/** Whether there is a token, valid or expired. */
export const wasSignedIn = () => sessionStorage.getItem(TOKEN) !== null;

export const forget = () => sessionStorage.removeItem(TOKEN);

/** Delete the token, then end the user pool's session, which needs no password until then. */
export function signOut(config) {
  forget();
  const asked = new URLSearchParams({ client_id: config.client, logout_uri: HERE });
  location.assign(`${config.signIn}/logout?${asked}`);
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
