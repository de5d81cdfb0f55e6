/* Predict, then reveal: each question takes a guess before its result is uncovered.
   tools/sphinx/predictions.py marks the questions (#predict-NAME) and the results (#result-NAME). */
(() => {
  "use strict";
  const ALL = "show-results";
  // A page can be searched in what is covered, where the browser can.
  const COVERED = "onbeforematch" in document.documentElement ? "until-found" : "";

  const { html, remember, recall } = window.mfbook;

  const read = (key) => recall(key) || "";
  const button = (text, className, onclick) =>
    html("button", { type: "button", class: className, onclick }, text);

  class Question {
    constructor(card) {
      this.name = card.id.replace("predict-", "");
      this.result = document.getElementById(`result-${this.name}`);
      this.isShown = true;
      card.classList.add("predict-card");
      this.input = html("input", {
        id: `guess-${this.name}`, type: "text", autocomplete: "off", maxlength: 200,
        value: read(`guess-${this.name}`), oninput: () => this.write(),
      });
      this.input.setAttribute("aria-describedby", card.id);
      const label = html("label", { for: this.input.id }, "Your guess");
      this.form = html("form", { class: "predict-form" }, label, this.input);
      this.now = html("p", { class: "predict-now" });
      this.now.setAttribute("role", "status");
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (this.result) this.toggle(true);
      });
      card.append(this.form, this.now);
      if (this.result) this.cover();
      else this.now.textContent = "Keep your guess: the answer comes further below.";
    }

    cover() {
      this.switch = button("", "predict-button", () => this.toggle(!this.isShown));
      this.switch.setAttribute("aria-controls", this.result.id);
      this.form.append(this.switch);
      this.lid = html("div", { class: "predict-lid", tabindex: -1 });
      this.result.before(this.lid);
      this.result.addEventListener("beforematch", () => this.show(true));
      this.show(this.wasShown());
    }

    wasShown() {
      return read(ALL) !== "" || read(`shown-${this.name}`) !== "";
    }

    write() {
      remember(`guess-${this.name}`, this.input.value.trim());
      if (this.result) this.fill();
    }

    /* What stands above the result: the lid, or the guess to compare with. */
    fill() {
      const guess = this.input.value.trim();
      this.lid.classList.toggle("predict-open", this.isShown);
      this.lid.classList.toggle("predict-compare", this.isShown && guess !== "");
      if (guess && this.isShown) {
        this.lid.replaceChildren(html("strong", {}, "Your guess:"), ` ${guess}`);
      } else if (this.isShown) {
        this.lid.replaceChildren("Shown without a guess.");
      } else this.lid.replaceChildren(
        "Hidden until you have guessed: ",
        button("write a guess", "predict-link", () => this.input.focus()), ", or ",
        button("show the result", "predict-link", () => {
          this.toggle(true);
          this.lid.focus({ preventScroll: true });
        }), ".");
    }

    show(isShown) {
      this.isShown = isShown;
      if (isShown) this.result.removeAttribute("hidden");
      else this.result.setAttribute("hidden", COVERED);
      this.switch.setAttribute("aria-expanded", String(isShown));
      this.switch.textContent = isShown ? "Hide the result" : "Show the result";
      this.now.replaceChildren();
      this.fill();
    }

    /* The reader's own wish, which is kept and said aloud. */
    toggle(isShown) {
      remember(`shown-${this.name}`, isShown ? "yes" : "");
      this.show(isShown);
      const link = html("a", { href: `#${this.result.id}` }, "Go to it");
      if (isShown) this.now.append("The result is shown below. ", link, ".");
      else this.now.append("The result is hidden.");
    }
  }

  function showAll(questions) {
    const box = html("input", { type: "checkbox", checked: read(ALL) !== "", onchange: () => {
      remember(ALL, box.checked ? "yes" : "");
      questions.forEach((question) => question.show(question.wasShown()));
    } });
    const guesses = questions.length === 1 ? "a guess" : `${questions.length} guesses`;
    return html("div", { class: "predict-all" },
      html("span", {}, `This page asks for ${guesses}, and hides each result until then.`),
      html("label", {}, box, "Show all results"));
  }

  /* Who comes for something inside a result, by a link or by the search, finds it shown. */
  function revealWanted(questions) {
    const target = document.querySelector(":target");
    for (const question of questions) {
      const isTarget = target && question.result.contains(target);
      if (isTarget || question.result.querySelector(".highlighted")) question.show(true);
      if (isTarget) target.scrollIntoView();
    }
  }

  const cards = [...document.querySelectorAll("blockquote.predict")];
  const questions = cards.map((card) => new Question(card)).filter(({ result }) => result);
  if (!questions.length) return;
  // Below the first sentences of a chapter.
  const places = ["details.front-matter", ".take-away", "h1"];
  const top = places.map((place) => document.querySelector(place)).find((found) => found);
  top.after(showAll(questions));
  window.addEventListener("load", () => revealWanted(questions));
  window.addEventListener("hashchange", () => revealWanted(questions));
})();
