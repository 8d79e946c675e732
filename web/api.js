/**
 * The query API of infra/openapi.yaml, as the customer who is signed in.
 *
 * Responses have an ETag and Cache-Control: private, no-cache, so the browser revalidates them with
 * If-None-Match, and a 304 has no body.
 */

import * as session from "./session.js";

const TRIES = 4;
const BUSY = new Set([429, 503]);

/** The token is invalid or expired. */
export class SignedOut extends Error {}
/** The resource does not exist for this customer. */
export class NotFound extends Error {}
/** The token has no customer id. */
export class NoCustomer extends Error {}
/** The API is unreachable, or fails after retries. */
export class Unavailable extends Error {}

export class Api {
  constructor(url) {
    this.url = url;
  }

  invoices(page, limit, signal) {
    const asked = new URLSearchParams(page === null ? { limit } : { limit, page });
    return this.#get(`/me/invoices?${asked}`, signal);
  }

  invoice(number, signal) {
    return this.#get(`/me/invoices/${encodeURIComponent(number)}`, signal);
  }

  async #get(path, signal) {
    const token = session.token();
    if (token === null) throw new SignedOut();
    const asked = { headers: { Authorization: token }, credentials: "omit", signal };
    for (let tries = 1; ; tries += 1) {
      const answer = await fetch(this.url + path, asked).catch((error) => {
        throw signal.aborted ? error : new Unavailable();
      });
      if (answer.ok) return answer.json();
      if (answer.status === 401) throw new SignedOut();
      if (answer.status === 403) throw new NoCustomer();
      if (answer.status === 404) throw new NotFound();
      if (!BUSY.has(answer.status) || tries === TRIES) throw new Unavailable();
      await new Promise((done) => setTimeout(done, 500 * tries));
    }
  }
}
