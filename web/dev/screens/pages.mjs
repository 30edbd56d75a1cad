/** The pages to be looked at, and what is done on them before the picture is taken. */
export const PAGES = [
  { name: "board", path: "/board", ready: ".board h1" },
  { name: "board-agent", path: "/board", ready: "[data-agent]", fullOnly: true, act: (page) => page.locator("[data-agent].is-talking").first().click() },
  { name: "board-filter", path: "/board?queue=90001000000000000000000000000000&state=talking,hold", ready: ".board h1", fullOnly: true },
  { name: "wall", path: "/board?wall=1", ready: ".wall" },
];
