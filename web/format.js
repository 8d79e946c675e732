/** Format the API's texts for customers. Money stays text: exact, never a float. */

const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", timeZone: "UTC",
});

/**
 * "-15.3000" in GBP is −£15.30, in JPY −¥15.3, in KWD −KWD 15.300: the currency's decimals, and
 * further ones where there are any, since they are in the total.
 */
export function money(text, currency) {
  const wanted = { style: "currency", currency, maximumFractionDigits: 4 };
  return new Intl.NumberFormat("en", wanted).format(text).replace("-", "\u2212");
}

/** "2010-12-01" is 1 Dec 2010: a local day of the shop, so no time zone may shift it. */
export const day = (text) => DAY.format(new Date(`${text}T00:00Z`));

export const count = (number) => number.toLocaleString("en-GB").replace("-", "\u2212");

/** The kind of an invoice: a cancellation's number begins with C, an adjustment's with A. */
export function kindOf(number) {
  return { C: "Cancellation", A: "Adjustment" }[number[0]] ?? "Invoice";
}
