// Draws each chart of the page's data block; vl_convert bundles vegaEmbed in front of this.
const options = {
  actions: false,
  config: { font: getComputedStyle(document.body).fontFamily }, // texts are measured in it
  ast: true, // no eval: the page's policy allows this script only
  defaultStyle: false,
  renderer: "svg", // styled by the page, so that light, dark and print are its rules
  tooltip: { disableDefaultStyle: true },
};
const specs = JSON.parse(document.getElementById("specs").textContent);
const drawn = Object.entries(specs).map(([id, spec]) => vegaEmbed(`#chart-${id}`, spec, options));
Promise.all(drawn).then(() => document.documentElement.setAttribute("data-drawn", ""));
