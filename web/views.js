/** The views: templates of index.html, filled by textContent only. */

import { count, day, kindOf, money } from "./format.js";

const KINDS = { cancellation: "Cancelled", adjustment: "Adjustment", write_off: "Written off" };
const main = document.querySelector("main");

/** Replace the view by a template, and move the focus to its heading. */
export function show(name, texts = {}) {
  const view = made(name, texts);
  main.replaceChildren(view);
  const heading = main.querySelector("h1");
  document.title = [...new Set([heading.textContent, "Your invoices"])].join(" · ");
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
  return main.firstElementChild;
}

/** Announce a text to screen readers. */
export function say(text) {
  document.querySelector("[data-said]").textContent = text;
}

/** Show the signed-in customer; null if signed out. */
export function who(customer) {
  const place = document.querySelector(".who");
  place.hidden = customer === null;
  place.querySelector("[data-who]").textContent = customer === "" ? "" : `Customer ${customer}`;
}

/** Add a page of invoices and return their rows; `fillRow` adds the totals. */
export function addInvoices(view, page) {
  const rows = page.invoices.map(({ invoice_no: number, invoice_date: date }) => {
    const row = made("invoices-row", { number, day: day(date) }).firstElementChild;
    row.querySelector("a").href = `#/invoices/${encodeURIComponent(number)}`;
    badge(row, kindOf(number) === "Invoice" ? undefined : kindOf(number));
    return { number, row };
  });
  view.querySelector("tbody").append(...rows.map((each) => each.row));
  view.querySelector("[data-more]").hidden = page.next === null;
  return rows;
}

/** Put an invoice's items and total into its row. */
export function fillRow(row, invoice) {
  fill(row, { items: count(invoice.lines.length), total: money(invoice.total, invoice.currency) });
}

/** Show one invoice with its lines. */
export function showInvoice(invoice) {
  const title = `${kindOf(invoice.invoice_no)} ${invoice.invoice_no}`;
  const view = show("invoice", {
    title,
    when: `${when(invoice)} · ${invoice.country}`,
    caption: `The items of ${title}`,
    total: money(invoice.total, invoice.currency),
  });
  view.querySelector("tbody").append(...invoice.lines.map((line) => lineOf(line, invoice.currency)));
}

function lineOf(line, currency) {
  const price = money(line.unit_price, currency);
  const row = made("invoice-line", {
    name: line.description?.trim() || line.stock_code,
    code: line.stock_code,
    each: ` · ${count(line.quantity)} × ${price}`,
    quantity: count(line.quantity),
    price,
    amount: money(line.amount, currency),
  }).firstElementChild;
  row.className = line.kind;
  badge(row, KINDS[line.kind]);
  if (line.kind === "cancellation") {
    row.querySelector("small").append(...salesOf(line));
  }
  return row;
}

/** Return the texts of a cancelled line's sales and of its unmatched pieces. */
function salesOf({ match, sales, unmatched }) {
  const one = sales.length + (unmatched > 0) < 2; // then they are all of the line's pieces
  const pieces = (number) => (one ? "" : `${count(number)} `);
  const parts = sales.map((sale) => {
    const part = made("line-sale", { pieces: pieces(sale.pieces), sale: sale.invoice_no });
    part.querySelector("a").href = `#/invoices/${encodeURIComponent(sale.invoice_no)}`;
    return part;
  });
  if (match === "unknown") {
    return [" · there are too many invoices to tell which it is from"];
  }
  return unmatched > 0 ? [...parts, ` · ${pieces(unmatched)}from an invoice that was not found`] : parts;
}

function when(invoice) {
  const time = invoice.lines[0]?.invoice_time.slice(11, 16); // the earliest line comes first
  return [day(invoice.invoice_date), ...(time ? [time] : [])].join(", ");
}

function badge(row, text) {
  const place = row.querySelector("[data-badge]");
  place.hidden = text === undefined;
  place.textContent = text ?? "";
}

function made(name, texts) {
  const view = document.getElementById(name).content.cloneNode(true);
  fill(view, texts);
  return view;
}

function fill(view, texts) {
  for (const [name, text] of Object.entries(texts)) {
    view.querySelector(`[data-${name}]`).textContent = text;
  }
}
