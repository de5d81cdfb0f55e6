/* What the theme leaves to do for those who use a keyboard or a screen reader. */
(() => {
  "use strict";
  const SIDES = [
    [".primary-toggle", "pst-primary-sidebar", "Contents of the book"],
    [".secondary-toggle", "pst-secondary-sidebar", "Contents of this page"],
  ];
  const byId = (id) => document.getElementById(id);

  function isShown(sidebar, dialog) {
    return dialog.open || (sidebar.childElementCount > 0 && sidebar.offsetParent !== null &&
      getComputedStyle(sidebar).visibility !== "hidden" && onScreen(sidebar));
  }

  function onScreen(element) {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > 0 && box.left < window.innerWidth;
  }

  /* A toggle says what it opens and whether that is open. */
  function describeToggle(toggle, id, label) {
    const sidebar = byId(id);
    const dialog = byId(`${id}-modal`);
    if (!sidebar || !dialog) return;
    toggle.setAttribute("aria-label", label);
    toggle.setAttribute("aria-controls", id);
    const update = () => toggle.setAttribute("aria-expanded", String(isShown(sidebar, dialog)));
    new MutationObserver(() => setTimeout(update, 250))
      .observe(sidebar, { attributes: true, attributeFilter: ["class"] });
    new MutationObserver(update).observe(dialog, { attributes: true, attributeFilter: ["open"] });
    window.addEventListener("resize", update);
    dialog.setAttribute("aria-label", label);
    dialog.addEventListener("close", () => setTimeout(() => toggle.focus({ preventScroll: true })));
    update();
  }

  /* The theme takes the focus from its buttons when they are pressed. */
  function keepFocus(event) {
    const button = event.target.closest(".bd-header-article button, .search-button__button");
    if (!button) return;
    setTimeout(() => {
      if (document.activeElement === document.body) button.focus({ preventScroll: true });
    });
  }

  /* A formula too wide for its line can be scrolled by keyboard; others are no stop of Tab. */
  function measureFormulas() {
    for (const box of document.querySelectorAll("div.math")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  function afterMathematics() {
    const ready = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (!ready) return;
    ready.then(measureFormulas);
    window.addEventListener("resize", measureFormulas);
  }

  function begin() {
    for (const [selector, id, label] of SIDES) {
      document.querySelectorAll(selector).forEach((toggle) => describeToggle(toggle, id, label));
    }
    const main = byId("main-content");
    if (main) main.tabIndex = -1;
    document.querySelectorAll(".btn[title]:not([aria-label])").forEach((button) => {
      button.setAttribute("aria-label", button.title);
    });
  }

  document.addEventListener("click", keepFocus, true);
  document.addEventListener("DOMContentLoaded", begin);
  window.addEventListener("load", afterMathematics);
  /* On paper nobody can unfold what a chapter is about. */
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details.front-matter").forEach((box) => { box.open = true; });
  });
})();
