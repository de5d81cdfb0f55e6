/* Excerpts of the pages found, from searchtexts.js: a page opened from a file may fetch nothing. */
(() => {
  "use strict";
  const AROUND = 240;

  function terms() {
    const query = new URLSearchParams(window.location.search).get("q") || "";
    return query.toLowerCase().split(/[^\p{Letter}\p{Number}_]+/u).filter(Boolean);
  }

  /* The text of a section, or of the first section of a page that has one of the words. */
  function textOf(page, anchor, words) {
    const sections = (window.courseTexts || {})[page];
    if (!sections) return "";
    if (anchor && sections[anchor]) return sections[anchor];
    const texts = Object.values(sections).filter(Boolean);
    return texts.find((text) => words.some((word) => text.toLowerCase().includes(word))) ||
      texts[0] || "";
  }

  function excerpt(text, words) {
    const found = words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);
    let start = Math.max(0, Math.min(...found, text.length) - AROUND / 2);
    if (found.length === 0) start = 0;
    if (start > 0) start = text.indexOf(" ", start) + 1;
    let end = Math.min(text.length, start + AROUND);
    if (end < text.length) end = Math.max(text.lastIndexOf(" ", end), start);
    return `${start > 0 ? "… " : ""}${text.slice(start, end)}${end < text.length ? " …" : ""}`;
  }

  function mark(paragraph, words) {
    const pattern = new RegExp(`(${words.join("|")})`, "giu");
    const parts = paragraph.textContent.split(pattern);
    paragraph.replaceChildren(...parts.map((part, number) => {
      if (number % 2 === 0) return part;
      const marked = document.createElement("mark");
      marked.textContent = part;
      return marked;
    }));
  }

  function addExcerpt(item) {
    const link = item.querySelector("a");
    if (!link || item.querySelector("p.context, :scope > span")) return;
    const [file, anchor] = link.getAttribute("href").split("#");
    const words = terms();
    const text = excerpt(textOf(file.replace(/\.html.*$/, ""), anchor, words), words);
    if (!text) return;
    const paragraph = document.createElement("p");
    paragraph.className = "context";
    paragraph.textContent = text;
    if (words.length > 0) mark(paragraph, words);
    item.append(paragraph);
  }

  const results = document.getElementById("search-results");
  if (results) {
    new MutationObserver((changes) => {
      for (const change of changes) {
        for (const node of change.addedNodes) if (node.nodeName === "LI") addExcerpt(node);
      }
    }).observe(results, { childList: true, subtree: true });
  }
})();
