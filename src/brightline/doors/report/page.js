"use strict";
// Filter by action, harm and words; switch the language; hide heat maps; walk by keyboard. Nothing here leaves the page.
(() => {
  const root = document.documentElement;
  const articles = [...document.querySelectorAll("article")];
  const search = document.querySelector("#search");
  const shown = document.querySelector("#shown");
  const pictures = document.querySelectorAll("img[data-en]");
  const drawings = document.querySelectorAll("svg[data-en]");
  const switches = document.querySelectorAll("button[data-heat]");
  const chosen = { action: "", harm: "" };

  function apply() {
    const words = search.value.trim().toLowerCase();
    let count = 0;
    for (const article of articles) {
      const fits =
        (!chosen.action || article.dataset.action === chosen.action) &&
        (!chosen.harm || article.dataset.harms.split(" ").includes(chosen.harm)) &&
        (!words || article.textContent.toLowerCase().includes(words));
      article.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} / ${articles.length}`;
  }

  for (const button of document.querySelectorAll("button[data-filter]")) {
    button.addEventListener("click", () => {
      const { filter, value } = button.dataset;
      chosen[filter] = chosen[filter] === value ? "" : value;
      for (const other of document.querySelectorAll(`button[data-filter="${filter}"]`))
        other.setAttribute("aria-pressed", String(other.dataset.value === chosen[filter] && chosen[filter] !== ""));
      apply();
    });
  }
  search.addEventListener("input", apply);

  function speak(language) {
    root.dataset.language = language;
    root.lang = language === "zh" ? "zh-CN" : "en";
    search.placeholder = search.dataset[language];
    search.setAttribute("aria-label", search.dataset[language]);
    for (const picture of pictures) picture.alt = picture.dataset[language];
    for (const drawing of drawings) drawing.setAttribute("aria-label", drawing.dataset[language]);
  }
  document.querySelector("#language").addEventListener("click", () => speak(root.dataset.language === "zh" ? "en" : "zh"));

  function warm(button, on) {
    const figure = button.closest("section").querySelector("figure");
    figure.querySelectorAll("img.heat")[Number(button.dataset.heat)].hidden = !on;
    button.setAttribute("aria-pressed", String(on));
  }
  for (const button of switches)
    button.addEventListener("click", () => warm(button, button.getAttribute("aria-pressed") !== "true"));
  function warmAll() {
    const on = ![...switches].some((button) => button.getAttribute("aria-pressed") === "true");
    for (const button of switches) warm(button, on);
  }

  function walk(step) {
    const open = articles.filter((article) => !article.hidden).map((article) => article.querySelector("summary"));
    const at = open.indexOf(document.activeElement);
    const next = open[Math.max(0, Math.min(open.length - 1, at + step))];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) { if (event.key === "Escape") { search.value = ""; apply(); search.blur(); } return; }
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "/") { event.preventDefault(); search.focus(); }
    else if (event.key === "h") warmAll();
    else if (event.key === "l") speak(root.dataset.language === "zh" ? "en" : "zh");
  });
  window.addEventListener("beforeprint", () => { for (const article of articles) if (!article.hidden) article.querySelector("details").open = true; });
  speak(root.dataset.language);
  apply();
})();
