/** The page: the view for each location hash, and the messages for errors and empty lists. */

import { Api, NoCustomer, NotFound, SignedOut, Unavailable } from "./api.js";
import * as session from "./session.js";
import * as views from "./views.js";

const A_PAGE = 10;
const INVOICE = /^#\/invoices\/([A-Z]?\d{1,18})$/;
const EXPIRED = "Your session has ended. Sign in again to go on.";
const REFUSED = "That sign-in was not completed. Please try again.";

let config;
let api;
let shown = new AbortController();

/** Show the view of the location hash; requests of the previous view are aborted. */
async function route() {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  if (session.token() === null) {
    askToSignIn(session.wasSignedIn() ? EXPIRED : null);
    return;
  }
  try {
    const asked = INVOICE.exec(location.hash);
    if (asked !== null) await showInvoice(asked[1], signal);
    else if (["", "#", "#/"].includes(location.hash)) await showInvoices(signal);
    else throw new NotFound();
  } catch (error) {
    if (!signal.aborted) explain(error);
  }
}

async function showInvoices(signal) {
  views.show("waiting", { title: "Your invoices" });
  const page = await api.invoices(null, A_PAGE, signal);
  views.who(page.customer_id);
  if (page.invoices.length === 0) {
    message("No invoices yet", "What you buy appears here moments later.", "Look again", route);
    return;
  }
  const view = views.show("invoices");
  let next = page.next;
  view.querySelector("[data-more]").addEventListener("click", async ({ currentTarget: button }) => {
    button.disabled = true;
    try {
      const older = await api.invoices(next, A_PAGE, signal);
      next = older.next;
      add(view, older, signal)[0]?.row.querySelector("a").focus();
      views.say(`${older.invoices.length} older invoices`);
    } catch (error) {
      if (!signal.aborted) explain(error);
    }
    button.disabled = false;
  });
  add(view, page, signal);
}

/** Add a page's rows; the list has no totals, so each invoice is requested for its total. */
function add(view, page, signal) {
  const rows = views.addInvoices(view, page);
  Promise.all(rows.map((each) => complete(each, signal))).catch((error) => {
    if (!signal.aborted) explain(error);
  });
  return rows;
}

async function complete({ number, row }, signal) {
  try {
    views.fillRow(row, await api.invoice(number, signal));
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    row.remove(); // removed after the list was read
  }
}

async function showInvoice(number, signal) {
  views.show("waiting", { title: `Invoice ${number}` });
  const invoice = await api.invoice(number, signal);
  views.who(invoice.customer_id);
  views.showInvoice(invoice);
}

function explain(error) {
  shown.abort();
  if (error instanceof SignedOut) {
    session.forget();
    askToSignIn(EXPIRED);
  } else if (error instanceof NotFound) {
    const home = () => location.assign("#/");
    message("No such invoice", "None of your invoices has this number.", "All invoices", home);
  } else if (error instanceof NoCustomer) {
    views.who("");
    const again = () => session.signOut(config);
    message("Not a customer’s sign-in", "It has no invoices to show.", "Sign in as a customer", again);
  } else if (error instanceof Unavailable) {
    unreachable(route);
  } else {
    throw error;
  }
}

function unreachable(again) {
  message("The shop can’t be reached", "Your invoices are safe. Try again in a moment.", "Try again", again);
}

function message(title, text, act, then) {
  const view = views.show("message", { title, text, act });
  view.querySelector("[data-act]").addEventListener("click", then);
}

function askToSignIn(notice) {
  views.who(null);
  const view = views.show("sign-in");
  const place = view.querySelector("[data-notice]");
  place.hidden = notice === null;
  place.textContent = notice ?? "";
  view.querySelector("[data-act]").addEventListener("click", () => session.signIn(config));
}

async function start() {
  config = await fetch("config.json").then((answer) => answer.json()).catch(() => null);
  if (config === null) {
    unreachable(() => location.reload());
    return;
  }
  api = new Api(config.api);
  document.querySelector("[data-sign-out]").addEventListener("click", () => {
    shown.abort();
    session.forget();
    askToSignIn(null);
    session.signOut(config);
  });
  addEventListener("hashchange", route);
  addEventListener("pageshow", ({ persisted }) => persisted && route()); // the back button after signing out
  if (await session.finish(config)) await route();
  else askToSignIn(REFUSED);
}

start();
