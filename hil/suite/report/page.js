"use strict";
// The page is whole without this: it opens what a link leads to, and everything before a print.
const printed = document.querySelectorAll(
  "details.scenario, .scenario.failed details, .scenario.error details");
const follow = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) { target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => printed.forEach((each) => { each.open = true; }));
for (const place of document.querySelectorAll(".buttons")) {
  const scenarios = [...place.parentElement.querySelectorAll("details.scenario")];
  for (const [name, open] of [["Open all", true], ["Close all", false]]) {
    const button = document.createElement("button");
    button.textContent = name;
    button.addEventListener("click", () => scenarios.forEach((each) => { each.open = open; }));
    place.append(button);
  }
}
// What is enlarged stands in the middle, also where the picture is wider than the screen.
for (const zoom of document.querySelectorAll(".zoom .timeline")) {
  const centre = () => { zoom.scrollLeft = (zoom.scrollWidth - zoom.clientWidth) / 2; };
  zoom.closest("details").addEventListener("toggle", centre);
  centre();
}
follow();
