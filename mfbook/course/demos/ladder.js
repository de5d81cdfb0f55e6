(() => {
  "use strict";
  const { data, define, html, number, still } = window.mfbook;

  const KINDS = {
    test: {
      label: "Test set of u1",
      what: "RMSE on u1.test. The bar reaches over the seeds of each model.",
      each: "seeds",
    },
    folds: {
      label: "Five folds",
      what: "RMSE on the test sets of u1 to u5. The dot is the mean and the bar reaches over the folds.",
      each: "folds",
    },
    validation: {
      label: "Validation",
      what: "RMSE on the validation sets that chose the hyperparameters, one for each fold. Do not compare it with test errors.",
      each: "folds",
    },
  };
  const mean = (errors) => errors.reduce((sum, x) => sum + x, 0) / errors.length;

  define("mf-ladder", class extends window.mfbook.Demonstration {
    draw(stage) {
      this.kind = "test";
      this.published = false;
      this.upto = Number(this.getAttribute("upto") || Infinity);
      this.note = html("p", { class: "mf-note" });
      this.rungs = html("ol", { class: "mf-rungs" });
      this.detail = html("div", { class: "mf-detail", role: "status" });
      stage.append(
        html("p", { class: "mf-title" }, "The ladder of models"),
        this.choice(), this.note, this.rungs, this.detail);
      this.update();
    }

    choice() {
      this.switches = Object.entries(KINDS).map(([kind, { label }]) =>
        html("button", { type: "button", class: "mf-button", onclick: () => this.show({ kind }) }, label));
      this.others = html("button", {
        type: "button", class: "mf-button", onclick: () => this.show({ published: !this.published }),
      }, "Published results");
      const gap = html("span", { class: "mf-gap" });
      return html("div", { class: "mf-choice", role: "group", "aria-label": "Errors to show" }, this.switches, gap, this.others);
    }

    show(changes) {
      Object.assign(this, changes);
      this.update();
    }

    /* What stands on the ladder, the worst first. */
    entries() {
      const own = data.ladder.models
        .filter((rung) => rung.chapter <= this.upto && rung[this.kind].length)
        .map((rung) => ({ ...rung, errors: rung[this.kind] }));
      const others = this.published && this.kind === "test"
        ? data.ladder.published.map((rung) => ({ ...rung, errors: [rung.error], isPublished: true })) : [];
      return [...own, ...others].sort((a, b) => mean(b.errors) - mean(a.errors));
    }

    update() {
      this.switches.forEach((choice, n) =>
        choice.setAttribute("aria-pressed", String(Object.keys(KINDS)[n] === this.kind)));
      this.others.setAttribute("aria-pressed", String(this.published && this.kind === "test"));
      this.others.disabled = this.kind !== "test";
      const entries = this.entries();
      const all = entries.flatMap(({ errors }) => errors);
      const [high, low] = [Math.max(...all), Math.min(...all)];
      // Further right is better.
      this.at = (error) => 4 + (92 * (high - error)) / (high - low || 1);
      this.note.textContent = `${KINDS[this.kind].what} Further right is better.`;
      const before = new Map([...this.rungs.children].map((rung) => [rung.model, rung.getBoundingClientRect().top]));
      this.rungs.replaceChildren(...entries.map((entry) => this.rung(entry)));
      this.glide(before);
      this.describe(entries.find(({ model }) => model === this.getAttribute("here")) || entries[entries.length - 1]);
    }

    rung(entry) {
      const { model, errors, isPublished } = entry;
      const here = model === this.getAttribute("here");
      const [worst, best] = [Math.max(...errors), Math.min(...errors)].map(this.at);
      const track = html("span", { class: "mf-track", "aria-hidden": "true" },
        html("span", { class: "mf-spread", style: `left:${worst}%;width:${best - worst}%` }),
        html("span", { class: "mf-mark", style: `left:${this.at(mean(errors))}%` }));
      const describe = () => this.describe(entry);
      const step = html("button", {
        type: "button", class: "mf-rung", onclick: describe, onfocus: describe, onpointerenter: describe,
      },
        html("span", { class: "mf-model" }, model, here ? html("b", {}, "you are here") : null,
          isPublished ? html("i", {}, "published") : null),
        track,
        html("span", { class: "mf-value" }, number(mean(errors), 3)));
      const item = html("li", { class: [here ? "mf-here" : "", isPublished ? "mf-published" : ""].join(" ") }, step);
      item.model = model;
      return item;
    }

    describe(entry) {
      const { model, errors, caveat } = entry;
      [...this.rungs.children].forEach((item) => item.classList.toggle("mf-shown", item.model === model));
      const facts = [];
      if (!entry.isPublished) {
        if (errors.length > 1) {
          const range = [Math.min(...errors), Math.max(...errors)].map((error) => number(error, 4)).join(" to ");
          facts.push(`${range} over ${errors.length} ${KINDS[this.kind].each}`);
        }
        if (entry.hyperparameters) facts.push(`${entry.hyperparameters} on u1`);
        facts.push(`${entry.seconds} s to fit`, `chapter ${entry.chapter}`);
      }
      this.detail.replaceChildren(
        html("p", {}, html("b", {}, model), " · ", entry.isPublished ? String(entry.error) : number(mean(errors), 4)),
        html("p", {}, facts.length ? `${facts.join(" · ")}.` : null, facts.length && caveat ? " " : null, caveat));
    }

    glide(before) {
      if (still() || !before.size) return;
      for (const item of this.rungs.children) {
        const from = before.has(item.model) ? before.get(item.model) - item.getBoundingClientRect().top : 0;
        const start = before.has(item.model) ? { transform: `translateY(${from}px)` } : { opacity: 0 };
        if (from || "opacity" in start) item.animate([start, {}], { duration: 350, easing: "ease-out" });
      }
    }
  });
})();
