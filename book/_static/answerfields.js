/* A field beside the check of an exercise, which judges a number by the rules of
   mfbook/course/_judging.py and _diagnosis.py. tools/sphinx/answerfields.py writes its place. */
(() => {
  "use strict";
  const { html } = window.mfbook;

  const close = (one, other, tolerance) => one.length === other.length &&
    one.every((x, i) => x === other[i] || Math.abs(x - other[i]) <= tolerance);
  const sorted = (values) => [...values].sort((a, b) => a - b);
  const nearly = (one, other, tolerance) => other.some((x) => x !== 0) && one.every((x, i) => {
    const size = Math.abs(other[i]);
    return Math.abs(x - other[i]) <= Math.min(Math.max(tolerance, 0.01 * size), 0.05 * size);
  });
  const times = (values, factor) => values.map((x) => x * factor);

  /* The numbers of a text, or a sentence that says why there are none. */
  function parse(text, { kind, expected }) {
    const plain = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/[%[\]()]/g, " ").trim();
    const single = expected.length === 1;
    const words = plain.split(single ? /\s+/ : /[\s,;]+/).filter(Boolean);
    if (!words.length) return "Write an answer first.";
    const wanted = kind === "b" ? "True or False" : "a number, such as 0.95";
    const truth = { true: 1, yes: 1, false: 0, no: 0 };
    const values = words.map((word) => {
      if (kind === "b") return truth[word.toLowerCase()];
      const number = single ? word.replace(/^([-+]?\d*),(\d+)$/, "$1.$2") : word;
      return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(number) ? Number(number) : NaN;
    });
    const odd = values.findIndex((x) => !Number.isFinite(x));
    if (odd >= 0) return `\u201c${words[odd]}\u201d cannot be read; write ${wanted}.`;
    if (values.length === expected.length) return values;
    const many = single ? "One answer is" : `${expected.length} answers are`;
    return `${many} wanted, and there are ${values.length}.`;
  }

  function tooFewDigits(given, { kind, expected, tolerance }) {
    if (kind !== "f" || !(tolerance > 0 && tolerance < 1)) return "";
    const wanted = Math.ceil(-Math.log10(tolerance) - 1e-9);
    const size = Math.max(...expected.map(Math.abs));
    if (given.some((x, i) => Math.abs(x - expected[i]) > 0.1 * size)) return "";
    const same = (x, y) => Math.abs(x - y) <= 1e-12 * Math.abs(y);
    for (let digits = size >= 10 ? 0 : 1; digits < wanted; digits += 1) {
      const unit = 10 ** digits;
      const ways = [Math.round, Math.trunc].map((f) => expected.map((x) => f(x * unit) / unit));
      if (ways.some((way) => given.every((x, i) => same(x, way[i])))) {
        const word = wanted === 1 ? "digit" : "digits";
        return `your answer has too few digits; give ${wanted} ${word} after the decimal point.`;
      }
    }
    return "";
  }

  function diagnose(given, key) {
    const { kind, expected, tolerance } = key;
    if (kind === "b") {
      const wrong = given.filter((x, i) => x !== expected[i]).length;
      return `${wrong} of the ${given.length} values are wrong.`;
    }
    if (given.length > 1 && close(sorted(given), sorted(expected), tolerance)) {
      return "these are the right values in another order.";
    }
    if (nearly(given, times(expected, -1), tolerance)) return "the sign is the wrong way round.";
    const countsThings = kind === "i" && tolerance === 0;
    if (countsThings && !given.every(Number.isInteger)) return "the answer must be a whole number.";
    if (!countsThings && nearly(given, times(expected, 100), 100 * tolerance)) {
      return "that is in percent; give a share instead (0.25 for 25 %).";
    }
    if (kind === "f" && nearly(given, times(expected, 0.01), tolerance / 100)) {
      return "that is a share; give percent instead (25 for 0.25).";
    }
    return tooFewDigits(given, key) || direction(given, expected);
  }

  function direction(given, expected) {
    const off = given.map((x, i) => Math.abs(x - expected[i]));
    const worst = off.indexOf(Math.max(...off));
    const size = given[worst] > expected[worst] ? "large" : "small";
    if (given.length === 1) return `your answer is too ${size}.`;
    return `value ${worst + 1} is furthest off; it is too ${size}.`;
  }

  /* Whether an answer is right, and HTML that says what is wrong with it. */
  function judge(text, key) {
    const given = parse(text, key);
    const plain = (sentence) => html("span", {}, sentence).innerHTML;
    if (typeof given === "string") return { state: "missing", message: plain(given) };
    if (close(given, key.expected, key.tolerance)) return { state: "right", message: "Right." };
    const known = key.mistakes.find(([value]) => close(given, value, key.tolerance));
    return { state: "wrong", message: `Not yet: ${known ? known[1] : plain(diagnose(given, key))}` };
  }

  const decoded = (text) =>
    JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))));

  function hint({ kind, expected }) {
    if (kind === "b") return ` (${expected.length} times True or False)`;
    return expected.length > 1 ? ` (${expected.length} numbers)` : "";
  }

  function addField(place) {
    const { exercise } = place.dataset;
    const key = decoded(place.dataset.key);
    const id = `field-${exercise.replace(".", "-")}`;
    const input = html("input", { id, type: "text", autocomplete: "off", maxlength: 200 });
    const label = html("label", { for: id }, `Your answer to ${exercise}${hint(key)}`);
    const verdict = html("p", { class: "answer-verdict" });
    verdict.setAttribute("role", "status");
    const form = html("form", {}, label, input, html("button", { type: "submit" }, "Check"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { state, message } = judge(input.value, key);
      verdict.className = `answer-verdict is-${state}`;
      verdict.innerHTML = message;
    });
    place.append(form, verdict);
    // Where the page can check, the stored "Not answered yet" is in the way.
    const stored = place.nextElementSibling && place.nextElementSibling.querySelector(".cell_output");
    if (stored && stored.textContent.trim().startsWith("Not answered yet")) {
      stored.classList.add("answer-unanswered");
    }
  }

  document.querySelectorAll(".answer-field").forEach(addField);
})();
