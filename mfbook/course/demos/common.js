/* What the demonstrations of the course share: window.mfbook. A notebook may include it many times. */
(() => {
  "use strict";
  const mfbook = (window.mfbook = window.mfbook || { data: {} });
  if (mfbook.define) return;

  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child != null));
    return node;
  };

  /* An element: mfbook.html("p", {class: "note", onclick: f}, "text", another element, …). */
  mfbook.html = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);

  mfbook.svg = (tag, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  mfbook.define = (name, type) => {
    if (!customElements.get(name)) customElements.define(name, type);
  };

  mfbook.number = (x, digits) =>
    x.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "\u2212");

  /* Is motion unwelcome? Then show the last picture of an animation at once. */
  mfbook.still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /* Uniform random numbers in [0, 1), the same for the same seed (mulberry32). */
  mfbook.random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  mfbook.button = (label, onClick) =>
    mfbook.html("button", { type: "button", class: "mf-button", onclick: onClick }, label);

  /* A labelled slider; its .value is a number, and may be set. */
  mfbook.slider = ({ label, min, max, step, value, format = String, onInput }) => {
    const input = mfbook.html("input", { type: "range", min, max, step, value });
    // No <output>, which would take the label for itself.
    const shown = mfbook.html("span", { class: "mf-value", "aria-hidden": "true" });
    const show = () => {
      shown.textContent = format(input.valueAsNumber);
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.addEventListener("input", () => {
      show();
      if (onInput) onInput(input.valueAsNumber);
    });
    const head = mfbook.html("span", { class: "mf-slider-head" }, label, " ", shown);
    const slider = mfbook.html("label", { class: "mf-slider" }, head, input);
    Object.defineProperty(slider, "value", {
      get: () => input.valueAsNumber,
      set: (number) => {
        input.value = number;
        show();
      },
    });
    show();
    return slider;
  };

  /* Call draw(width), in pixels, now and whenever the width of an element has changed. */
  mfbook.fitted = (element, draw) => {
    let drawn = 0;
    const look = () => {
      const width = Math.round(element.clientWidth) || 640;
      if (width !== drawn) draw((drawn = width));
    };
    new ResizeObserver(look).observe(element);
    look();
  };

  /* What a page may keep between two visits; a notebook or a file may refuse, which does no harm. */
  mfbook.remember = (key, value) => {
    try {
      localStorage.setItem(`mfbook.${key}`, JSON.stringify(value));
    } catch {
      /* not kept */
    }
  };

  mfbook.recall = (key) => {
    try {
      return JSON.parse(localStorage.getItem(`mfbook.${key}`));
    } catch {
      return null;
    }
  };

  /* Let a screen reader say a text, once the reader of the page is idle. */
  mfbook.say = (element, text) => {
    let region = element.querySelector(":scope > .mf-said");
    if (!region) {
      region = mfbook.html("div", { class: "mf-said", role: "status" });
      element.append(region);
    }
    region.textContent = text;
  };

  /* The base of all demonstrations: draw(stage) fills a new element, which replaces the picture. */
  mfbook.Demonstration = class extends HTMLElement {
    connectedCallback() {
      if (this.hasAttribute("data-live")) return;
      const stage = mfbook.html("div", { class: "mf-stage" });
      this.append(stage);
      try {
        this.draw(stage);
        this.setAttribute("data-live", "");
      } catch (error) {
        stage.remove();
        throw error;
      }
    }
  };
})();
