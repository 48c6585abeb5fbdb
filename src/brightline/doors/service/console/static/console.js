// Keys, the command palette, the undo clock, covers over pictures. Every page works without it; nothing here leaves the site.
const root = document.documentElement;
root.classList.add("scripted");
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const chinese = root.dataset.language === "zh";

// What pages share with the report says both languages in attributes.
for (const drawn of all("[data-en][data-zh]"))
  for (const name of ["alt", "aria-label"])
    if (drawn.hasAttribute(name)) drawn.setAttribute(name, chinese ? drawn.dataset.zh : drawn.dataset.en);
for (const words of all("pre.words")) { words.tabIndex = 0; }

// --- covers and heat maps
for (const button of all("[data-reveal]"))
  button.addEventListener("click", () => {
    const shown = button.closest("[data-cover]").classList.toggle("revealed");
    button.setAttribute("aria-pressed", String(shown));
  });
for (const button of all("button[data-heat]"))
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    all("img.heat", button.closest("section"))[Number(button.dataset.heat)].hidden = !on;
    button.setAttribute("aria-pressed", String(on));
  });
for (const button of all("[data-original]"))
  button.addEventListener("click", () => {
    const image = one("figure.picture > img", button.closest("section.card"));
    if (image) image.src = button.dataset.original;
    button.disabled = true;
  });

// --- choose all
for (const box of all("[data-all]"))
  box.addEventListener("change", () => {
    for (const other of all(`input[name="${box.dataset.all}"]`)) other.checked = box.checked;
  });

// --- the undo clock
const toast = one(".toast");
if (toast) {
  const ends = performance.now() + Number(toast.dataset.ends);
  const left = one("[data-left]", toast);
  const tick = () => {
    const seconds = Math.ceil((ends - performance.now()) / 1000);
    if (seconds <= 0) { toast.remove(); clearInterval(timer); return; }
    left.textContent = String(seconds);
  };
  const timer = setInterval(tick, 250);
}

// --- clocks of the law
const clocks = all("[data-due]").map((node) => ({ node, ends: performance.now() + Number(node.dataset.due) }));
function ticking() {
  for (const { node, ends } of clocks) {
    const left = ends - performance.now(), seconds = Math.floor(Math.abs(left) / 1000);
    const days = Math.floor(seconds / 86400), rest = new Date((seconds % 86400) * 1000).toISOString().slice(11, 19);
    const told = `${days ? `${days} ${chinese ? "天" : "d"} ` : ""}${rest}`;
    node.className = left < 0 ? "late" : "clock";
    node.textContent = left < 0 ? `⚠ ${chinese ? "已超" : "late by"} ${told}` : `${chinese ? "还有" : "in"} ${told}`;
  }
}
if (clocks.length) { ticking(); setInterval(ticking, 1000); }
for (const button of all("[data-print]")) button.addEventListener("click", () => window.print());

// --- the page that one is on, where the navigation is longer than the screen
const here = one("nav ul [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - 60;

// --- details that an address names
const named = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
if (named instanceof HTMLDetailsElement) { named.open = true; named.scrollIntoView(); }

// --- dialogs
for (const button of all("[data-open]"))
  button.addEventListener("click", () => (button.dataset.open === "palette" ? openPalette() : document.getElementById(button.dataset.open).showModal()));

// --- the palette: every key and every page, by name
const palette = one("#palette");
const wanted = one("#wanted");
const found = one("#found");
let offered = [];
let chosen = 0;
const shown = (node) => node.getClientRects().length > 0 && !node.disabled;
const nameOf = (node) => (node.getAttribute("aria-label") || [...node.childNodes].filter((child) => child.nodeName !== "KBD").map((child) => child.firstChild?.textContent ?? child.textContent).join(" ")).trim().replace(/\s+/g, " ");
function commands() {
  const nodes = all("main [data-key], .toast [data-key], .tools button, nav [data-go], main a.row, [data-focus]").filter((node) => shown(node) && node.dataset.open !== "palette");
  return nodes.map((node) => ({
    node,
    name: node.dataset.focus ? (node.labels && node.labels[0] ? node.labels[0].textContent : "") : nameOf(node),
    key: (node.dataset.go ? "G " + node.dataset.go : node.dataset.key || node.dataset.focus || "").toUpperCase(),
  }));
}
function offer() {
  const words = wanted.value.trim().toLowerCase();
  offered = commands().filter((command) => command.name.toLowerCase().includes(words)).slice(0, 60);
  chosen = 0;
  found.replaceChildren(...offered.map((command, index) => {
    const row = document.createElement("li");
    row.setAttribute("role", "option");
    row.id = `command-${index}`;
    row.append(command.name);
    if (command.key) { const key = document.createElement("kbd"); key.textContent = command.key; row.append(key); }
    row.addEventListener("click", () => { chosen = index; carryOut(); });
    return row;
  }));
  choose(0);
}
function choose(index) {
  if (!offered.length) { wanted.removeAttribute("aria-activedescendant"); return; }
  chosen = (index + offered.length) % offered.length;
  all("li", found).forEach((row, place) => row.setAttribute("aria-selected", String(place === chosen)));
  wanted.setAttribute("aria-activedescendant", `command-${chosen}`);
  found.children[chosen].scrollIntoView({ block: "nearest" });
}
function carryOut() {
  const command = offered[chosen];
  palette.close();
  if (command) act(command.node);
}
function openPalette() {
  if (!palette) return;
  wanted.value = "";
  palette.showModal();
  offer();
  wanted.focus();
}
if (palette) {
  wanted.addEventListener("input", offer);
  wanted.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === "Enter") { event.preventDefault(); carryOut(); }
  });
}

// --- keys
function act(node) {
  if (node.dataset.focus) { node.focus(); node.scrollIntoView({ block: "nearest" }); }
  else if (node.tagName !== "SUMMARY" || !node.parentElement.open) node.click();
  if (node.tagName === "SUMMARY") one("input:not([type=hidden]), select, textarea", node.parentElement)?.focus();
}
function walk(step) {
  const rows = all("main a.row").filter(shown);
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}
let going = 0; // until when the key after `g` names a page
let busy = false; // a key held down decides one case, not five
document.addEventListener("submit", (event) => {
  if (busy) event.preventDefault();
  busy = true;
});
window.addEventListener("pageshow", () => { busy = false; });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const sends = one("[data-sends]", event.target.closest("form") ?? document.createElement("form"));
    if (sends) { event.preventDefault(); sends.click(); }
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || one("dialog[open]")) return;
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (typing) { if (event.key === "Escape") typing.blur(); return; }
  if (root.dataset.shortcuts === "off") return;
  const key = event.key.toLowerCase();
  if (going > performance.now()) {
    going = 0;
    const place = one(`nav [data-go="${CSS.escape(key)}"]`);
    if (place) { event.preventDefault(); place.click(); }
    return;
  }
  if (key === "g") { going = performance.now() + 1500; return; }
  if (key === "j" || key === "k") { walk(key === "j" ? 1 : -1); return; }
  const node = all(`[data-key="${CSS.escape(key)}"], [data-focus="${CSS.escape(key)}"]`).find(shown);
  if (node) { event.preventDefault(); act(node); }
});
