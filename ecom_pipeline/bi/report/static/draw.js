// Draws each chart of the page's data block; vl_convert bundles vegaEmbed in front of this.
const options = {
  actions: false,
  config: { font: getComputedStyle(document.body).fontFamily }, // texts are measured in it
  ast: true, // no eval: the page's Content Security Policy allows this script only
  defaultStyle: false,
  renderer: "svg", // styled by the page's CSS, for light mode, dark mode and print
  tooltip: { disableDefaultStyle: true },
};
const specs = JSON.parse(document.getElementById("specs").textContent);
const drawn = Object.entries(specs).map(([id, spec]) => vegaEmbed(`#chart-${id}`, spec, options));
Promise.all(drawn).then(() => document.documentElement.setAttribute("data-drawn", ""));
