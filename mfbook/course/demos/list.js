(() => {
  "use strict";
  const { data, define, html, button, number, recall, remember, say, still } = window.mfbook;
  const LENGTH = 10;

  const unpack = (text, Type) =>
    new Type(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

  const rows = (flat, width) =>
    Array.from({ length: flat.length / width }, (_, n) =>
      Array.from(flat.slice(n * width, (n + 1) * width)));

  const dot = (a, b) => a.reduce((sum, x, n) => sum + x * b[n], 0);

  /* The inverse of a symmetric, positive definite matrix, by Gauss and Jordan. */
  const inverse = (matrix) => {
    const size = matrix.length;
    const table = matrix.map((row, n) => [...row, ...row.map((_, m) => (m === n ? 1 : 0))]);
    for (let n = 0; n < size; n += 1) {
      const pivot = table[n][n];
      table[n] = table[n].map((x) => x / pivot);
      for (let m = 0; m < size; m += 1) {
        const factor = table[m][n];
        if (m !== n) table[m] = table[m].map((x, c) => x - factor * table[n][c]);
      }
    }
    return table.map((row) => row.slice(size));
  };

  const addOuter = (matrix, v) => matrix.forEach((row, n) => v.forEach((x, m) => (row[m] += v[n] * x)));

  /* Equation 8.3 for one person: score = base + the sum of what each rating moves. */
  const starsModel = ({ mean, penalty, factors }) => {
    const items = rows(unpack(factors, Float32Array), penalty.length);
    const base = items.map((row) => mean + row[row.length - 1]);
    const design = items.map((row) => [...row.slice(0, -1), 1]);
    return (ratings) => {
      const left = penalty.map((x, n) => penalty.map((_, m) => (m === n ? x : 0)));
      ratings.forEach(([film]) => addOuter(left, design[film]));
      const solved = inverse(left);
      const reached = ratings.map(([film]) => solved.map((row) => dot(row, design[film])));
      return (film) => {
        const moves = ratings.map(([other, stars], n) => ({
          film: other,
          stars,
          by: dot(design[film], reached[n]) * (stars - base[other]),
        }));
        const score = moves.reduce((sum, move) => sum + move.by, base[film]);
        const known = solved.map((row) => dot(row, design[film]));
        return { film, moves, score, base: base[film], scale: Math.sqrt(1 + data.list.spread * dot(known, design[film])) };
      };
    };
  };

  /* Implicit ALS: only what the person liked counts. */
  const watchModel = ({ liked, reg, step, factors, gram }) => {
    const width = Math.sqrt(unpack(gram, Float32Array).length);
    const items = rows(unpack(factors, Int16Array), width).map((row) => row.map((x) => x * step));
    const everybody = rows(unpack(gram, Float32Array), width);
    return (ratings) => {
      const chosen = ratings.filter(([, stars]) => stars >= liked);
      const left = everybody.map((row, n) => row.map((x, m) => x + (n === m ? reg * chosen.length : 0)));
      chosen.forEach(([film]) => addOuter(left, items[film]));
      const solved = inverse(left);
      const reached = chosen.map(([film]) => solved.map((row) => dot(row, items[film])));
      return (film) => {
        const moves = chosen.map(([other, stars], n) => ({ film: other, stars, by: dot(items[film], reached[n]) }));
        return { film, moves, score: moves.reduce((sum, move) => sum + move.by, 0), base: 0 };
      };
    };
  };

  const KINDS = {
    stars: { label: "What you would rate highly", model: () => starsModel(data.list.stars) },
    watch: { label: "What you would watch", model: () => watchModel(data.list.watch) },
  };

  define("mf-list", class extends window.mfbook.Demonstration {
    draw(stage) {
      this.models = Object.fromEntries(Object.entries(KINDS).map(([kind, { model }]) => [kind, model()]));
      this.kind = "stars";
      this.ratings = new Map((recall("list") || []).filter(([film]) => film in data.list.titles));
      this.posters = new Map();
      this.shelf = html("div", { class: "mf-shelf", role: "group", "aria-label": "Films to rate", tabindex: "-1" });
      this.films = html("ol", { class: "mf-films" });
      this.note = html("p", { class: "mf-note" });
      stage.append(
        html("div", { class: "mf-list-rate" }, this.head(), this.shelf, this.foot()),
        html("div", { class: "mf-list-result" }, this.choice(), this.note, this.films),
      );
      this.fillShelf("");
      this.update();
    }

    head() {
      const search = html("input", {
        type: "search", class: "mf-search", placeholder: "Find a film", "aria-label": "Find a film by its title",
        oninput: () => this.fillShelf(search.value),
      });
      const turn = (sign, sense, label) =>
        html("button", {
          type: "button", class: "mf-turn", "aria-label": label,
          onclick: () => this.shelf.scrollBy({
            left: sense * this.shelf.clientWidth * 0.9, behavior: still() ? "auto" : "smooth",
          }),
        }, sign);
      return html("div", { class: "mf-list-head" },
        html("p", { class: "mf-title" }, "Which of these have you seen?"),
        search, turn("‹", -1, "Films before"), turn("›", 1, "More films"));
    }

    foot() {
      this.count = html("span", { class: "mf-count" });
      this.clear = button("Start over", () => this.set([]));
      const tastes = Object.entries(data.list.tastes).map(([name, ratings]) => button(name, () => this.set(ratings)));
      return html("div", { class: "mf-list-foot" }, this.count, this.clear,
        html("span", { class: "mf-tastes" }, html("span", {}, "or try a taste:"), tastes));
    }

    choice() {
      this.switches = Object.entries(KINDS).map(([kind, { label }]) =>
        html("button", {
          type: "button", class: "mf-switch",
          onclick: () => {
            this.kind = kind;
            this.update();
          },
        }, label));
      return html("div", { class: "mf-choice", role: "group", "aria-label": "Kind of list" }, this.switches);
    }

    /* Replace all ratings: pairs of film and stars. */
    set(ratings) {
      this.ratings = new Map(ratings);
      this.posters.forEach((poster, film) => this.showStars(poster, film));
      this.fillShelf("");
      this.shelf.scrollLeft = 0;
      this.update();
    }

    rate(film, stars) {
      if (stars) this.ratings.set(film, stars);
      else this.ratings.delete(film);
      this.showStars(this.posters.get(film), film);
      this.update();
    }

    fillShelf(words) {
      const wanted = words.trim().toLowerCase();
      const every = data.list.titles.map((_, film) => film);
      const found = wanted
        ? every.filter((film) => data.list.titles[film].toLowerCase().includes(wanted))
        : [...this.ratings.keys(), ...every.slice(0, data.list.shelf).filter((film) => !this.ratings.has(film))];
      this.shelf.replaceChildren(...found.map((film) => this.poster(film)));
      if (!found.length) {
        this.shelf.append(html("p", { class: "mf-none" }, `None of these ${every.length} films is called so; they are from before 1999.`));
      }
    }

    poster(film) {
      if (!this.posters.has(film)) this.posters.set(film, this.makePoster(film));
      return this.posters.get(film);
    }

    makePoster(film) {
      const { titles, years, hues } = data.list;
      const name = `mf-stars-${film}-${Math.random().toString(36).slice(2)}`;
      const stars = [1, 2, 3, 4, 5].map((n) =>
        html("label", {},
          html("input", {
            type: "radio", name, value: n, "aria-label": n === 1 ? "1 star" : `${n} stars`,
            onchange: () => this.rate(film, n),
            // A second click takes the rating back.
            onclick: () => {
              if (this.ratings.get(film) === n) this.rate(film, 0);
            },
          }),
          html("span", { "aria-hidden": "true" }, "★")));
      const poster = html("div", {
        class: "mf-poster", style: `--hue:${hues[film]}`, role: "radiogroup", "aria-label": `${titles[film]} (${years[film]})`,
        onkeydown: (event) => {
          if (["Delete", "Backspace", "0"].includes(event.key)) this.rate(film, 0);
        },
      },
        html("span", { class: "mf-name" }, titles[film]),
        html("span", { class: "mf-year" }, years[film]),
        html("span", { class: "mf-stars" }, stars));
      this.showStars(poster, film);
      return poster;
    }

    showStars(poster, film) {
      const stars = this.ratings.get(film) || 0;
      poster.classList.toggle("mf-rated", stars > 0);
      poster.querySelectorAll("input").forEach((input, n) => {
        input.checked = n + 1 === stars;
        input.parentNode.classList.toggle("mf-on", n < stars);
      });
    }

    /* The list of a kind: the films with the highest scores that are not rated, and what moved them. */
    list(kind) {
      const score = this.models[kind]([...this.ratings]);
      return data.list.titles
        .map((_, film) => film)
        .filter((film) => !this.ratings.has(film))
        .map(score)
        .sort((a, b) => b.score - a.score || a.film - b.film)
        .slice(0, LENGTH);
    }

    update() {
      const n = this.ratings.size;
      remember("list", [...this.ratings]);
      this.count.textContent = n ? `${n} rated` : "Rate a few";
      this.clear.hidden = !n;
      this.switches.forEach((choice, place) =>
        choice.setAttribute("aria-pressed", String(Object.keys(KINDS)[place] === this.kind)));
      const list = this.list(this.kind);
      const empty = this.kind === "watch" && !list[0].moves.length;
      this.note.textContent = this.explain(n, empty);
      const before = this.places();
      this.films.replaceChildren(...(empty ? [] : list.map((entry) => this.row(entry, list))));
      this.glide(before);
      if (!empty && n) say(this, `First on your list: ${data.list.titles[list[0].film]}`);
    }

    explain(n, empty) {
      if (this.kind === "watch") {
        return empty
          ? "Give at least one film four or five stars: this list follows what you like."
          : "People who like what you like chose these. It is an order, with no stars.";
      }
      return n
        ? `Predicted stars. In a test with other people, ${data.list.level} of 100 ratings lay within the bar.`
        : "Nothing rated yet, so this is what everybody likes. Touch some stars, and it becomes your list.";
    }

    row(entry, list) {
      const { titles, years, hues } = data.list;
      const moves = html("div", { class: "mf-moves", hidden: true });
      const toggle = html("button", {
        type: "button", class: "mf-film", "aria-expanded": "false",
        onclick: () => {
          if (!moves.childNodes.length) moves.append(...this.moves(entry));
          moves.hidden = !moves.hidden;
          toggle.setAttribute("aria-expanded", String(!moves.hidden));
        },
      },
        html("span", { class: "mf-spine", style: `--hue:${hues[entry.film]}` }),
        html("span", { class: "mf-what" }, titles[entry.film], " ", html("small", {}, years[entry.film])),
        this.kind === "stars" ? this.stars(entry) : this.share(entry, list[0]));
      const item = html("li", {}, toggle, moves);
      item.film = entry.film;
      return item;
    }

    stars({ film, score, scale }) {
      const clip = (x) => Math.min(5, Math.max(1, x));
      const reach = data.list.noise[film] * scale;
      const [low, middle, high] = [score - reach, score, score + reach].map(clip);
      const at = (x) => `${((x - 1) / 4) * 100}%`;
      const bar = html("span", { class: "mf-scale", "aria-hidden": "true" },
        html("span", { class: "mf-reach", style: `left:${at(low)};right:calc(100% - ${at(high)})` }),
        html("span", { class: "mf-point", style: `left:${at(middle)}` }));
      const spoken = html("span", { class: "mf-hidden" }, `, from ${number(low, 1)} to ${number(high, 1)}`);
      return [bar, html("span", { class: "mf-value" }, number(middle, 1), " ★", spoken)];
    }

    share({ score }, first) {
      const width = `${Math.max(2, (100 * score) / first.score)}%`;
      return [html("span", { class: "mf-scale mf-plain", "aria-hidden": "true" },
        html("span", { class: "mf-reach", style: `left:0;width:${width}` }))];
    }

    /* What moved a film: one bar for each of the ratings that moved it most. */
    moves({ base, moves, score }) {
      const stars = this.kind === "stars";
      const sorted = [...moves].sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
      const [shown, rest] = [sorted.slice(0, 6), sorted.slice(6)];
      const longest = Math.max(...moves.map(({ by }) => Math.abs(by)), 1e-9);
      const digits = stars ? 2 : 3;
      const sign = (x) => (x < 0 ? "" : "+") + number(x, digits);
      const line = (label, by) =>
        html("li", { class: by < 0 ? "mf-down" : "mf-up" },
          html("span", {}, label), html("span", { class: "mf-move" },
            html("span", { style: `width:${(50 * Math.abs(by)) / longest}%` })),
          html("b", {}, sign(by)));
      const lines = shown.map(({ film, stars: given, by }) => line(`${data.list.titles[film]} ${"★".repeat(given)}`, by));
      if (rest.length) {
        const by = rest.reduce((sum, move) => sum + move.by, 0);
        lines.push(line(`${rest.length} more`, Math.max(-longest, Math.min(longest, by))));
        lines[lines.length - 1].lastChild.textContent = sign(by);
      }
      const start = stars
        ? `Everybody: ${number(base, 2)} stars. Your ratings moved it to ${number(score, 2)}:`
        : "What your favorites add to its score:";
      return moves.length ? [html("p", {}, start), html("ul", {}, lines)]
        : [html("p", {}, `Nothing yet: ${number(base, 2)} stars is what everybody's ratings say.`)];
    }

    places() {
      return new Map([...this.films.children].map((item) => [item.film, item.getBoundingClientRect().top]));
    }

    /* Rows that stay move from where they were. */
    glide(before) {
      if (still() || !before.size) return;
      for (const item of this.films.children) {
        const from = before.has(item.film) ? before.get(item.film) - item.getBoundingClientRect().top : 0;
        const start = before.has(item.film) ? { transform: `translateY(${from}px)` } : { opacity: 0 };
        if (from || "opacity" in start) item.animate([start, {}], { duration: 350, easing: "ease-out" });
      }
    }
  });
})();
