/** Format the API's texts for customers. Money stays text: exact, never a float. */

const POUNDS = new Intl.NumberFormat("en-GB", {
  style: "currency", currency: "GBP", minimumFractionDigits: 2, maximumFractionDigits: 4,
});
const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", timeZone: "UTC",
});

/** "-15.3000" is −£15.30; fractions of a penny are shown, since they are in the total. */
export const pounds = (text) => POUNDS.format(text).replace("-", "\u2212");

/** "2010-12-01" is 1 Dec 2010: a local day of the shop, so no time zone may shift it. */
export const day = (text) => DAY.format(new Date(`${text}T00:00Z`));

export const count = (number) => number.toLocaleString("en-GB").replace("-", "\u2212");

/** The kind of an invoice: a cancellation's number begins with C, an adjustment's with A. */
export function kindOf(number) {
  return { C: "Cancellation", A: "Adjustment" }[number[0]] ?? "Invoice";
}
